"""Catalogue: oscillators between bounds."""

from __future__ import annotations

from functools import partial

from apps.indicators.catalogue.parts import (
    SLOW_PERIOD_MAXIMUM,
    indicator,
    period,
    ratio,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, Category, Scaling

_oscillator = partial(indicator, category=Category.MOMENTUM)
_BARS = ("high", "low", "close")

SPECS = (
    _oscillator(
        "rsi",
        "Relative strength index",
        function="oscillators:rsi",
        inputs=(FREE_INPUT,),
        parameters=(period(14, description="Bars of Wilder's smoothing."),),
        outputs=single("0 to 100; 50 while nothing has moved.", Scaling.NONE),
        warmup=windows(period=1),
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978, section "
        "VI; Achelis, p. 299.",
        description="The share of gains in all recent movement; above 70 is called "
        "overbought, below 30 oversold.",
    ),
    _oscillator(
        "stoch",
        "Stochastic oscillator",
        function="oscillators:stoch",
        inputs=_BARS,
        parameters=(
            period(14, minimum=1, description="Bars of the range."),
            period(3, minimum=1, name="slowing", description="Bars averaged for K."),
            period(3, minimum=1, name="smoothing", description="Bars averaged for D."),
        ),
        outputs=(
            ratio("k", "0 to 100; a range of zero counts as 50."),
            ratio("d", "The average of K."),
        ),
        warmup=windows(period=1, slowing=1, smoothing=1, bars=-3),
        source="G. C. Lane, Stocks & Commodities, 1984; Achelis, p. 325, with simple "
        "averages.",
        description="Where the close lies in its recent range.",
    ),
    _oscillator(
        "stochrsi",
        "Stochastic RSI",
        function="oscillators:stochrsi",
        inputs=(FREE_INPUT,),
        parameters=(
            period(14, description="Bars of the RSI."),
            period(14, name="stochastic_period", description="Bars of its range."),
        ),
        outputs=single("0 to 100; a range of zero counts as 50.", Scaling.NONE),
        warmup=windows(period=1, stochastic_period=1, bars=-1),
        source="T. S. Chande and S. Kroll, The New Technical Trader, 1994, times 100.",
        description="Where RSI lies in its own recent range: quicker than RSI to reach "
        "its bounds.",
    ),
    _oscillator(
        "willr",
        "Williams %R",
        function="oscillators:willr",
        inputs=_BARS,
        parameters=(period(14, minimum=1, description="Bars of the range."),),
        outputs=single("-100 to 0; a range of zero counts as -50.", Scaling.NONE),
        warmup=windows(period=1, bars=-1),
        source="L. Williams, How I Made One Million Dollars, 1973; Achelis, p. 371.",
        description="How far the close is below the top of its recent range.",
    ),
    _oscillator(
        "cci",
        "Commodity channel index",
        function="oscillators:cci",
        inputs=_BARS,
        parameters=(period(20, maximum=SLOW_PERIOD_MAXIMUM),),
        outputs=single("Mostly -100 to 100; 0 without deviation.", Scaling.NONE),
        warmup=windows(period=1, bars=-1),
        source="D. R. Lambert, Commodities, 1980; Achelis, p. 105.",
        description="The typical price's distance from its mean, in units of its usual "
        "distance.",
    ),
    _oscillator(
        "cmo",
        "Chande momentum oscillator",
        function="oscillators:cmo",
        inputs=(FREE_INPUT,),
        parameters=(period(14, minimum=1),),
        outputs=single("-100 to 100; 0 where nothing moves.", Scaling.NONE),
        warmup=windows(period=1),
        source="T. S. Chande and S. Kroll, The New Technical Trader, 1994, p. 96: sums, "
        "where TA-Lib smooths.",
        description="Gains less losses over the sum of both.",
    ),
    _oscillator(
        "ultosc",
        "Ultimate oscillator",
        function="oscillators:ultosc",
        inputs=_BARS,
        parameters=(
            period(7, minimum=1, name="short", description="Bars of weight 4 / 7."),
            period(14, name="medium", description="Bars of weight 2 / 7."),
            period(28, minimum=3, name="long", description="Bars of weight 1 / 7."),
        ),
        increasing=("short", "medium", "long"),
        outputs=single("0 to 100; a window without range counts as 50.", Scaling.NONE),
        warmup=windows(long=1),
        source="L. Williams, Stocks & Commodities, 1985; Achelis, p. 346.",
        description="Buying pressure over three windows at once, against false "
        "divergences.",
    ),
    _oscillator(
        "fisher",
        "Fisher transform",
        function="recursive:fisher",
        inputs=("high", "low"),
        parameters=(period(10, description="Bars of the range."),),
        outputs=(
            ratio("fisher", "About -4 to 4."),
            ratio("signal", "The transform one bar ago."),
        ),
        warmup=windows(period=1, bars=-1),
        source="J. F. Ehlers, Using the Fisher Transform, Stocks & Commodities, 2002.",
        description="The price's place in its range, bent so that extremes are rare and "
        "turns are sharp.",
    ),
    _oscillator(
        "msw",
        "MESA sine wave",
        function="oscillators:msw",
        inputs=(FREE_INPUT,),
        parameters=(
            period(
                20,
                minimum=3,
                maximum=SLOW_PERIOD_MAXIMUM,
                description="Length of the cycle, in bars.",
            ),
        ),
        outputs=(
            ratio("sine", "-1 to 1; 0 where nothing moves."),
            ratio("lead", "The same, an eighth of a cycle ahead."),
        ),
        warmup=windows(period=1, bars=-1),
        source="J. F. Ehlers, MESA and Trading Market Cycles, 2002.",
        description="The phase of a cycle of given length; its lead crosses it at the "
        "cycle's turns.",
    ),
    _oscillator(
        "connors_rsi",
        "Connors RSI",
        function="oscillators:connors_rsi",
        inputs=(FREE_INPUT,),
        parameters=(
            period(3, description="Bars of the RSI of the value."),
            period(2, name="streak_period", description="Bars of that of the streak."),
            period(
                100,
                minimum=1,
                maximum=SLOW_PERIOD_MAXIMUM,
                name="rank_period",
                description="Earlier returns that the newest is ranked among.",
            ),
        ),
        outputs=single("0 to 100.", Scaling.NONE),
        warmup=lambda given: int(
            max(given["period"], given["streak_period"], given["rank_period"] + 1)
        ),
        source="L. Connors, C. Alvarez and M. Radtke, An Introduction to ConnorsRSI, "
        "2012.",
        description="Short-term exhaustion: RSI, the length of the streak and the rank "
        "of the last move, averaged.",
    ),
)

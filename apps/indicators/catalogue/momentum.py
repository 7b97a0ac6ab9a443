"""Catalogue: rates of change and differences of averages."""

from __future__ import annotations

from functools import partial

from apps.indicators.catalogue.parts import (
    fixed,
    indicator,
    period,
    price,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, Category, Scaling

_momentum = partial(indicator, category=Category.MOMENTUM, inputs=(FREE_INPUT,))
_FAST = period(12, name="fast", description="Period of the fast average, in bars.")
_SLOW = period(
    26, name="slow", minimum=3, description="Period of the slow average, in bars."
)
_ORDER = ("fast", "slow")
_SLOW_FULL = windows(slow=1, bars=-1)
_ACHELIS = "S. B. Achelis, Technical Analysis from A to Z"

SPECS = (
    _momentum(
        "mom",
        "Momentum",
        function="momentum:mom",
        parameters=(period(10, minimum=1, description="Bars looked back."),),
        outputs=single("The change.", Scaling.PRICE),
        warmup=windows(period=1),
        source=f"{_ACHELIS}, p. 197.",
        description="How far the value is from where it was a period ago.",
    ),
    _momentum(
        "roc",
        "Rate of change",
        function="momentum:roc",
        parameters=(period(10, minimum=1, description="Bars looked back."),),
        outputs=single("Percent; 0 after a value of 0.", Scaling.NONE),
        warmup=windows(period=1),
        source=f"{_ACHELIS}, Price Rate-of-Change.",
        description="Momentum in percent of the earlier value.",
    ),
    _momentum(
        "rocr",
        "Rate of change ratio",
        function="momentum:rocr",
        parameters=(period(10, minimum=1, description="Bars looked back."),),
        outputs=single("Around 1; 1 after a value of 0.", Scaling.NONE),
        warmup=windows(period=1),
        source=f"{_ACHELIS}, p. 197.",
        description="The value over the earlier value.",
    ),
    _momentum(
        "apo",
        "Absolute price oscillator",
        function="momentum:apo",
        parameters=(_FAST, _SLOW),
        outputs=single("The difference.", Scaling.PRICE),
        source=f"{_ACHELIS}, Price Oscillator.",
        description="A fast exponential average less a slow one.",
        increasing=_ORDER,
        warmup=_SLOW_FULL,
    ),
    _momentum(
        "ppo",
        "Percentage price oscillator",
        function="momentum:ppo",
        parameters=(_FAST, _SLOW),
        outputs=single("Percent of the slow average.", Scaling.NONE),
        source=f"{_ACHELIS}, Price Oscillator.",
        description="APO in percent, so that markets can be compared.",
        increasing=_ORDER,
        warmup=_SLOW_FULL,
    ),
    _momentum(
        "macd",
        "Moving average convergence/divergence",
        function="momentum:macd",
        parameters=(
            _FAST,
            _SLOW,
            period(9, minimum=1, name="signal", description="Bars of the signal line."),
        ),
        increasing=_ORDER,
        outputs=(
            price("macd", "The fast average less the slow one."),
            price("signal", "The average of that."),
            price("histogram", "The former less the latter."),
        ),
        warmup=windows(slow=1, signal=1, bars=-2),
        source="G. Appel, 1979; Achelis, p. 202, with weights 2 / (period + 1) for every "
        "period.",
        description="A trend's momentum, and by its signal line the turns of that.",
    ),
    _momentum(
        "trix",
        "TRIX",
        function="momentum:trix",
        parameters=(period(15, minimum=1, description="Period of each average."),),
        outputs=single("Percent in one bar.", Scaling.NONE),
        warmup=windows(period=3, bars=-2),
        source="J. K. Hutson, Stocks & Commodities, 1983; Achelis, p. 344.",
        description="The slope of a threefold exponential average, rid of short cycles.",
    ),
    _momentum(
        "tsi",
        "True strength index",
        function="momentum:tsi",
        parameters=(
            period(25, name="first", description="Bars of the first smoothing."),
            period(13, name="second", description="Bars of the second smoothing."),
        ),
        outputs=single("-100 to 100; 0 where nothing has moved.", Scaling.NONE),
        warmup=windows(first=1, second=1, bars=-1),
        source="W. Blau, Stocks & Commodities, 1991.",
        description="Momentum smoothed twice, over the size of all movement.",
    ),
    _momentum(
        "coppock",
        "Coppock curve",
        function="momentum:coppock",
        parameters=(
            period(10, minimum=1, description="Bars of the weighted average."),
            period(11, minimum=1, name="short", description="The shorter look back."),
            period(14, name="long", description="The longer look back."),
        ),
        increasing=("short", "long"),
        outputs=single("Percent.", Scaling.NONE),
        warmup=windows(period=1, long=1, bars=-1),
        source="E. S. C. Coppock, Barron's, 15 October 1962.",
        description="Two rates of change, smoothed: an upturn from below zero marks a "
        "major low.",
    ),
    _momentum(
        "dpo",
        "Detrended price oscillator",
        function="momentum:dpo",
        parameters=(period(20),),
        outputs=single("The distance from the trend.", Scaling.PRICE),
        warmup=lambda given: max(
            int(given["period"]) - 1, int(given["period"]) // 2 + 1
        ),
        source=f"{_ACHELIS}, p. 119, moved on to where it can be known.",
        description="Cycles without the trend: the value half a period ago less the "
        "average around it.",
    ),
    _momentum(
        "qstick",
        "Qstick",
        function="momentum:qstick",
        inputs=("open", "close"),
        parameters=(period(8, minimum=1),),
        outputs=single("The average body.", Scaling.PRICE),
        warmup=windows(period=1, bars=-1),
        source="T. S. Chande and S. Kroll, The New Technical Trader, 1994; Achelis, "
        "p. 280.",
        description="Whether candles close above or below their open, on average.",
    ),
    _momentum(
        "ao",
        "Awesome oscillator",
        function="momentum:ao",
        inputs=("high", "low"),
        parameters=(
            period(5, minimum=1, name="fast", description="Bars of the fast average."),
            period(34, name="slow", description="Bars of the slow average."),
        ),
        outputs=single("The difference.", Scaling.PRICE),
        source="B. Williams, New Trading Dimensions, 1998.",
        description="A fast less a slow simple average of the bars' middles.",
        increasing=_ORDER,
        warmup=_SLOW_FULL,
    ),
    _momentum(
        "elder_ray",
        "Elder-ray",
        function="momentum:elder_ray",
        inputs=("high", "low", "close"),
        parameters=(period(13, minimum=1, description="Period of the average."),),
        outputs=(
            price("bull", "The high less the average."),
            price("bear", "The low less the average."),
        ),
        warmup=windows(period=1, bars=-1),
        source="A. Elder, Trading for a Living, 1993.",
        description="How far buyers and sellers can push away from the consensus.",
    ),
    _momentum(
        "bop",
        "Balance of power",
        function="momentum:bop",
        inputs=("open", "high", "low", "close"),
        outputs=single("-1 to 1; 0 without any range.", Scaling.NONE),
        warmup=fixed(0),
        source="I. Livshin, Stocks & Commodities, 2001.",
        description="Which side won the bar: its body over its range.",
    ),
    _momentum(
        "fosc",
        "Forecast oscillator",
        function="momentum:fosc",
        parameters=(period(14, description="Bars of the regression."),),
        outputs=single("Percent of the value; 0 for a value of 0.", Scaling.NONE),
        warmup=windows(period=1),
        source="T. S. Chande and S. Kroll, The New Technical Trader, 1994; Achelis, "
        "p. 147.",
        description="How far the value came out from yesterday's regression forecast.",
    ),
)

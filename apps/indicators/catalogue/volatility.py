"""Catalogue: how much prices move, and channels as wide as that."""

from __future__ import annotations

from functools import partial

from apps.indicators.catalogue.parts import (
    bars_per_year,
    fixed,
    indicator,
    number,
    period,
    price,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, Category, Scaling

_volatility = partial(indicator, category=Category.VOLATILITY)
_BARS = ("high", "low", "close")
_BAND = (
    period(20),
    number("deviations", 2.0, 0.1, 100.0, "Half the width, in standard deviations."),
)
_CHANNEL = (
    price("upper", "The upper edge."),
    price("middle", "The middle."),
    price("lower", "The lower edge."),
)
_YEARLY = single("0.5 is fifty percent a year.", Scaling.NONE)
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978, section III"
_BOLLINGER = "J. Bollinger, Bollinger on Bollinger Bands, 2001"

SPECS = (
    _volatility(
        "tr",
        "True range",
        function="volatility:tr",
        inputs=_BARS,
        outputs=single("The range.", Scaling.PRICE),
        warmup=fixed(1),
        source=f"{_WILDER}; Achelis, p. 70.",
        description="The bar's range, gaps from the close before it included.",
    ),
    _volatility(
        "atr",
        "Average true range",
        function="volatility:atr",
        inputs=_BARS,
        parameters=(period(14, minimum=1, description="Bars of the smoothing."),),
        outputs=single("The usual range of a bar.", Scaling.PRICE),
        warmup=windows(period=1),
        source=f"{_WILDER}; Achelis, p. 70.",
        description="How far a bar usually reaches; the unit of many stops.",
    ),
    _volatility(
        "atr_percent",
        "Average true range, percent",
        function="volatility:atr_percent",
        inputs=_BARS,
        parameters=(period(14, minimum=1, description="Bars of the smoothing."),),
        outputs=single("Percent of the close.", Scaling.NONE),
        warmup=windows(period=1),
        source="J. Forman, Stocks & Commodities, 2006 (normalised ATR).",
        description="ATR that can be compared between markets and over years.",
    ),
    _volatility(
        "bollinger",
        "Bollinger bands",
        function="bands:bollinger",
        inputs=(FREE_INPUT,),
        parameters=_BAND,
        outputs=_CHANNEL,
        warmup=windows(period=1, bars=-1),
        source=f"{_BOLLINGER}; Achelis, p. 73.",
        description="A simple average and a channel of standard deviations around it.",
    ),
    _volatility(
        "bollinger_bandwidth",
        "Bollinger bandwidth",
        function="bands:bollinger_bandwidth",
        inputs=(FREE_INPUT,),
        parameters=_BAND,
        outputs=single("Percent of the middle.", Scaling.NONE),
        warmup=windows(period=1, bars=-1),
        source=f"{_BOLLINGER}, ch. 8.",
        description="The bands' width: a low one is a squeeze.",
    ),
    _volatility(
        "bollinger_percent_b",
        "Bollinger %b",
        function="bands:bollinger_percent_b",
        inputs=(FREE_INPUT,),
        parameters=_BAND,
        outputs=single("0 at the lower band, 1 at the upper one.", Scaling.NONE),
        warmup=windows(period=1, bars=-1),
        source=f"{_BOLLINGER}, ch. 8.",
        description="Where the value lies within the bands; 0.5 where they meet.",
    ),
    _volatility(
        "keltner",
        "Keltner channels",
        function="bands:keltner",
        inputs=_BARS,
        parameters=(
            period(20, minimum=1, description="Period of the average."),
            period(10, minimum=1, name="atr_period", description="Bars of the ATR."),
            number("multiplier", 2.0, 0.1, 100.0, "Half the width, in ATR."),
        ),
        outputs=_CHANNEL,
        warmup=lambda given: int(max(given["period"] - 1, given["atr_period"])),
        source="L. B. Raschke and L. A. Connors, Street Smarts, 1995, after C. W. "
        "Keltner, 1960.",
        description="An exponential average of the close and a channel of average true "
        "ranges around it.",
    ),
    _volatility(
        "chandelier",
        "Chandelier exit",
        function="bands:chandelier",
        inputs=_BARS,
        parameters=(
            period(22, minimum=1),
            number("multiplier", 3.0, 0.1, 100.0, "Distance, in average true ranges."),
        ),
        outputs=(
            price("long", "The stop of a long position."),
            price("short", "The stop of a short position."),
        ),
        warmup=windows(period=1),
        source="C. LeBeau, in A. Elder, Come Into My Trading Room, 2002.",
        description="Stops that hang from the highest high and stand on the lowest low.",
    ),
    _volatility(
        "cvi",
        "Chaikin volatility",
        function="volatility:cvi",
        inputs=("high", "low"),
        parameters=(period(10, minimum=1),),
        outputs=single("Percent; 0 after a range of 0.", Scaling.NONE),
        warmup=windows(period=2, bars=-1),
        source="S. B. Achelis, Technical Analysis from A to Z, p. 356.",
        description="Whether bars' ranges grow or shrink.",
    ),
    _volatility(
        "mass",
        "Mass index",
        function="volatility:mass",
        inputs=("high", "low"),
        parameters=(
            period(25, minimum=1, description="Bars of the sum."),
            period(9, minimum=1, name="smoothing", description="Bars of averages."),
        ),
        outputs=single("Around the period, 25 by default.", Scaling.NONE),
        warmup=windows(period=1, smoothing=2, bars=-3),
        source="D. Dorsey, Stocks & Commodities, 1992; Achelis, p. 182.",
        description="A bulge above 27 that falls below 26.5 warns of a reversal.",
    ),
    _volatility(
        "choppiness",
        "Choppiness index",
        function="volatility:choppiness",
        inputs=_BARS,
        parameters=(period(14),),
        outputs=single("About 0 (a trend) to 100 (no direction).", Scaling.NONE),
        warmup=windows(period=1),
        source="E. W. Dreiss, 1993; TradingView, Choppiness Index.",
        description="Whether the market goes anywhere: above 61.8 it does not, below "
        "38.2 it does.",
    ),
    _volatility(
        "ulcer",
        "Ulcer index",
        function="volatility:ulcer",
        inputs=(FREE_INPUT,),
        parameters=(period(14, minimum=1),),
        outputs=single("Percent of the recent high.", Scaling.NONE),
        warmup=windows(period=2, bars=-2),
        source="P. G. Martin and B. B. McCann, The Investor's Guide to Fidelity Funds, "
        "1989.",
        description="Depth and length of drawdowns: volatility that only counts losses.",
    ),
    _volatility(
        "volatility",
        "Annualised volatility",
        function="volatility:volatility",
        inputs=(FREE_INPUT,),
        parameters=(period(20), bars_per_year()),
        outputs=_YEARLY,
        warmup=windows(period=1),
        source="J. C. Hull, Options, Futures, and Other Derivatives, of simple "
        "returns and the population's deviation.",
        description="The standard deviation of returns, as if for a year.",
    ),
    _volatility(
        "parkinson",
        "Parkinson volatility",
        function="volatility:parkinson",
        inputs=("high", "low"),
        parameters=(period(20, minimum=1), bars_per_year()),
        outputs=_YEARLY,
        warmup=windows(period=1, bars=-1),
        source="M. Parkinson, Journal of Business 53:1, 1980.",
        description="Volatility from highs and lows: about five times as efficient as that "
        "from closes.",
    ),
    _volatility(
        "garman_klass",
        "Garman-Klass volatility",
        function="volatility:garman_klass",
        inputs=("open", "high", "low", "close"),
        parameters=(period(20, minimum=1), bars_per_year()),
        outputs=_YEARLY,
        warmup=windows(period=1, bars=-1),
        source="M. B. Garman and M. J. Klass, Journal of Business 53:1, 1980.",
        description="Volatility from all four prices of the bars, gaps left out.",
    ),
)

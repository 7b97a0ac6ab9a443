"""Catalogue: direction and strength of a trend."""

from __future__ import annotations

from functools import partial

from apps.indicators.catalogue.parts import (
    fixed,
    indicator,
    number,
    period,
    price,
    ratio,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, Category, Scaling

_trend = partial(indicator, category=Category.TREND)
_BARS = ("high", "low", "close")
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"

SPECS = (
    _trend(
        "psar",
        "Parabolic stop and reverse",
        function="trend:psar",
        inputs=("high", "low"),
        parameters=(
            number("acceleration", 0.02, 0.0, 10.0, "Step and start of the factor."),
            number("maximum", 0.2, 0.0, 10.0, "Where the factor stops growing."),
        ),
        outputs=single("The stop in force.", Scaling.PRICE),
        warmup=fixed(1),
        source=f"{_WILDER}, section II.",
        description="A stop that follows the price ever faster, and changes sides when "
        "it is touched.",
    ),
    _trend(
        "supertrend",
        "SuperTrend",
        function="trend:supertrend",
        inputs=_BARS,
        parameters=(
            period(10, description="Bars of the average true range."),
            number("multiplier", 3.0, 0.1, 100.0, "Distance, in average true ranges."),
        ),
        outputs=(
            price("line", "The band in force: below the price in an uptrend."),
            ratio("direction", "+1 in an uptrend, -1 in a downtrend."),
        ),
        warmup=windows(period=1),
        source="O. Seban, Tout le monde mérite d'être riche.",
        description="A band of average true range that only tightens until the close "
        "breaks it, which turns the trend.",
    ),
    _trend(
        "ichimoku",
        "Ichimoku kinko hyo",
        function="trend:ichimoku",
        inputs=("high", "low"),
        parameters=(
            period(9, minimum=1, name="tenkan", description="Bars of tenkan."),
            period(26, minimum=1, name="kijun", description="Bars of kijun."),
            period(52, minimum=1, name="senkou", description="Bars of senkou B."),
            period(26, minimum=1, name="displacement", description="Bars moved on."),
        ),
        outputs=(
            price("tenkan", "The conversion line."),
            price("kijun", "The base line."),
            price("senkou_a", "The first edge of the cloud over this bar."),
            price("senkou_b", "The second edge of the cloud over this bar."),
        ),
        warmup=lambda given: (
            int(max(given["tenkan"], given["kijun"], given["senkou"]))
            + int(given["displacement"])
            - 1
        ),
        source="N. Elliott, Ichimoku Charts, 2007, after G. Hosoda, 1969.",
        description="Middles of three ranges and a cloud made of earlier ones. Chikou, "
        "the close drawn back over earlier bars, is left out: it would put future "
        "prices there.",
    ),
    _trend(
        "adx",
        "Average directional movement index",
        function="directional:adx",
        inputs=_BARS,
        parameters=(period(14, description="Bars of each smoothing."),),
        outputs=single("0 to 100; above 25 is usually called a trend.", Scaling.NONE),
        warmup=windows(period=2, bars=-1),
        source=f"{_WILDER}, section IV; begun as TA-Lib does.",
        description="The strength of a trend, whichever its direction.",
    ),
    _trend(
        "adxr",
        "Average directional movement rating",
        function="directional:adxr",
        inputs=_BARS,
        parameters=(period(14, description="Bars of each smoothing."),),
        outputs=single("0 to 100.", Scaling.NONE),
        warmup=windows(period=3, bars=-2),
        source=f"{_WILDER}, section IV; begun as TA-Lib does.",
        description="ADX averaged with itself of a period ago: a steadier rating.",
    ),
    _trend(
        "dx",
        "Directional movement index",
        function="directional:dx",
        inputs=_BARS,
        parameters=(period(14, description="Bars of the smoothing."),),
        outputs=single("0 to 100.", Scaling.NONE),
        warmup=windows(period=1),
        source=f"{_WILDER}, section IV; begun as TA-Lib does.",
        description="How one-sided directional movement is, before ADX averages it.",
    ),
    _trend(
        "di",
        "Directional indicators",
        function="directional:di",
        inputs=_BARS,
        parameters=(period(14, description="Bars of the smoothing."),),
        outputs=(
            ratio("plus", "+DI, 0 to 100."),
            ratio("minus", "-DI, 0 to 100."),
        ),
        warmup=windows(period=1),
        source=f"{_WILDER}, section IV; begun as TA-Lib does.",
        description="The shares of true range that went to new highs and new lows; "
        "their crossing is a change of direction.",
    ),
    _trend(
        "dm",
        "Directional movement",
        function="directional:dm",
        inputs=("high", "low"),
        parameters=(period(14, description="Bars of the smoothing."),),
        outputs=(
            price("plus", "+DM, summed."),
            price("minus", "-DM, summed."),
        ),
        warmup=windows(period=1, bars=-1),
        source=f"{_WILDER}, section IV.",
        description="How far bars reach above and below the ones before them.",
    ),
    _trend(
        "aroon",
        "Aroon",
        function="trend:aroon",
        inputs=("high", "low"),
        parameters=(period(14, description="Bars looked back over."),),
        outputs=(
            ratio("down", "0 to 100; 100 when the lowest low is now."),
            ratio("up", "0 to 100; 100 when the highest high is now."),
        ),
        warmup=windows(period=1),
        source="T. S. Chande, Stocks & Commodities, 1995; Achelis, p. 67.",
        description="How long ago the extremes were: a trend keeps making new ones.",
    ),
    _trend(
        "aroonosc",
        "Aroon oscillator",
        function="trend:aroonosc",
        inputs=("high", "low"),
        parameters=(period(14, description="Bars looked back over."),),
        outputs=single("-100 to 100, Aroon up less down.", Scaling.NONE),
        warmup=windows(period=1),
        source="T. S. Chande, Stocks & Commodities, 1995.",
        description="Which of the two extremes is the more recent one, and by how much.",
    ),
    _trend(
        "vortex",
        "Vortex indicator",
        function="trend:vortex",
        inputs=_BARS,
        parameters=(period(14, minimum=1),),
        outputs=(
            ratio("plus", "VI+, around 1; 0 without any range."),
            ratio("minus", "VI-, around 1; 0 without any range."),
        ),
        warmup=windows(period=1),
        source="E. Botes and D. Siepman, Stocks & Commodities, 2010.",
        description="Distances from one bar's low to the next one's high and the other "
        "way round; their crossing starts a trend.",
    ),
    _trend(
        "vhf",
        "Vertical horizontal filter",
        function="trend:vhf",
        inputs=(FREE_INPUT,),
        parameters=(period(28),),
        outputs=single("0 (no direction) to 1 (a straight line).", Scaling.NONE),
        warmup=windows(period=1),
        source="A. White, Futures, 1991; Achelis, p. 354.",
        description="Tells trending from ranging: the range over the path travelled.",
    ),
    _trend(
        "efficiency_ratio",
        "Kaufman efficiency ratio",
        function="trend:efficiency_ratio",
        inputs=(FREE_INPUT,),
        parameters=(period(10, minimum=1),),
        outputs=single("0 (all noise) to 1 (a straight line).", Scaling.NONE),
        warmup=windows(period=1),
        source="P. J. Kaufman, Smarter Trading, 1995.",
        description="The share of the path travelled that was progress.",
    ),
    _trend(
        "donchian",
        "Donchian channel",
        function="bands:donchian",
        inputs=("high", "low"),
        parameters=(period(20, minimum=1),),
        outputs=(
            price("upper", "The highest high, the current bar included."),
            price("middle", "The middle of both."),
            price("lower", "The lowest low, the current bar included."),
        ),
        warmup=windows(period=1, bars=-1),
        source="R. D. Donchian's four-week rule; StockCharts ChartSchool, Price Channels.",
        description="The extremes of the last bars. A breakout is a close beyond the "
        "channel of the bar before.",
    ),
    _trend(
        "linreg",
        "Linear regression",
        function="statistics:linreg",
        inputs=(FREE_INPUT,),
        parameters=(period(14),),
        outputs=single("The line's end, at the current bar.", Scaling.PRICE),
        warmup=windows(period=1, bars=-1),
        source="S. B. Achelis, Technical Analysis from A to Z, Linear Regression.",
        description="Where the straight line that fits the window best ends.",
    ),
)

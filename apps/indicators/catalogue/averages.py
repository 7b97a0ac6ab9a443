"""Catalogue: moving averages."""

from __future__ import annotations

from functools import partial

from apps.indicators.catalogue.parts import (
    SLOW_PERIOD_MAXIMUM,
    fixed,
    indicator,
    number,
    period,
    price,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, Category, Scaling

_average = partial(
    indicator,
    category=Category.TREND,
    inputs=(FREE_INPUT,),
    outputs=single("The average, in the unit of the input.", Scaling.PRICE),
)

SPECS = (
    _average(
        "sma",
        "Simple moving average",
        function="averages:sma",
        parameters=(period(20, minimum=1),),
        warmup=windows(period=1, bars=-1),
        source="S. B. Achelis, Technical Analysis from A to Z, p. 207.",
        description="The mean of the window: every bar weighs the same.",
    ),
    _average(
        "ema",
        "Exponential moving average",
        function="averages:ema",
        parameters=(period(20, minimum=1),),
        warmup=windows(period=1, bars=-1),
        source="S. B. Achelis, Technical Analysis from A to Z, p. 209; begun at the "
        "mean of the first period, as TA-Lib does.",
        description="Weights fall by a constant factor with age, so it turns sooner "
        "than a simple average of the same period.",
    ),
    _average(
        "wma",
        "Weighted moving average",
        function="averages:wma",
        parameters=(period(20, minimum=1),),
        warmup=windows(period=1, bars=-1),
        source="S. B. Achelis, Technical Analysis from A to Z, p. 213.",
        description="Weights fall linearly with age, to nothing at the window's end.",
    ),
    _average(
        "dema",
        "Double exponential moving average",
        function="averages:dema",
        parameters=(period(20, minimum=1),),
        warmup=windows(period=2, bars=-2),
        source="P. Mulloy, Stocks & Commodities, 1994; Achelis, p. 123.",
        description="An exponential average with most of its lag taken off by "
        "smoothing it once more.",
    ),
    _average(
        "tema",
        "Triple exponential moving average",
        function="averages:tema",
        parameters=(period(20, minimum=1),),
        warmup=windows(period=3, bars=-3),
        source="P. Mulloy, Stocks & Commodities, 1994; Achelis, p. 330.",
        description="As DEMA with a third smoothing: less lag still, more overshoot.",
    ),
    _average(
        "trima",
        "Triangular moving average",
        function="averages:trima",
        parameters=(period(20, minimum=1),),
        warmup=windows(period=1, bars=-1),
        source="S. B. Achelis, Technical Analysis from A to Z, p. 211.",
        description="A simple average of a simple average: the window's middle weighs "
        "most.",
    ),
    _average(
        "kama",
        "Kaufman adaptive moving average",
        function="averages:kama",
        parameters=(period(10, description="Bars of the efficiency ratio."),),
        warmup=windows(period=1),
        source="P. J. Kaufman, Smarter Trading, 1995; fastest 2, slowest 30 bars.",
        description="An exponential average that is fast in a straight move and almost "
        "stands still in noise.",
    ),
    _average(
        "t3",
        "Tillson T3",
        function="averages:t3",
        parameters=(
            period(5, minimum=1),
            number(
                "volume_factor", 0.7, 0.0, 1.0, "How much lag is taken off: 0 is none."
            ),
        ),
        warmup=windows(period=6, bars=-6),
        source="T. Tillson, Stocks & Commodities, 1998.",
        description="Six exponential averages combined for smoothness at little lag.",
    ),
    _average(
        "wilders",
        "Wilder's smoothing",
        function="averages:wilders",
        parameters=(period(14, minimum=1),),
        warmup=windows(period=1, bars=-1),
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978; "
        "Achelis, p. 366.",
        description="The slow exponential average, weight 1 / period, inside RSI, ATR "
        "and ADX.",
    ),
    _average(
        "hma",
        "Hull moving average",
        function="averages:hma",
        parameters=(period(20),),
        warmup=lambda given: int(given["period"]) + int(given["period"] ** 0.5) - 2,
        source="A. Hull, 2005, alanhull.com/hull-moving-average.",
        description="Weighted averages combined so that the lag of one cancels that of "
        "another.",
    ),
    _average(
        "zlema",
        "Zero-lag exponential moving average",
        function="averages:zlema",
        parameters=(period(20, minimum=3),),
        warmup=windows(period=1, bars=-1),
        source="J. F. Ehlers and R. Way, Zero Lag (Well, Almost), Stocks & Commodities "
        "2010.",
        description="The exponential average of the price plus its recent momentum, "
        "which makes up for the lag.",
    ),
    _average(
        "alma",
        "Arnaud Legoux moving average",
        function="averages:alma",
        parameters=(
            period(9, minimum=1, maximum=SLOW_PERIOD_MAXIMUM),
            number("offset", 0.85, 0.0, 1.0, "The bell's centre: 1 is the newest bar."),
            number("sigma", 6.0, 0.1, 100.0, "The bell is period / sigma bars wide."),
        ),
        warmup=windows(period=1, bars=-1),
        source="A. Legoux and D. Kouzis-Loukas, Arnaud Legoux Moving Average, 2009.",
        description="Weights form a bell near the newest bars: smooth, with little lag.",
    ),
    _average(
        "vidya",
        "Variable index dynamic average",
        function="recursive:vidya",
        parameters=(
            period(9, name="short", description="Bars of the volatility now."),
            period(30, name="long", minimum=3, description="Bars compared with."),
            number("alpha", 0.2, 0.0, 1.0, "The newest bar's weight at equal ones."),
        ),
        increasing=("short", "long"),
        warmup=windows(long=1, bars=-1),
        source="T. S. Chande, Stocks & Commodities, 1992.",
        description="An exponential average that speeds up as volatility rises above "
        "its usual level.",
    ),
    _average(
        "mama",
        "MESA adaptive moving average",
        function="averages:mama",
        outputs=(
            price("mama", "The adaptive average."),
            price("fama", "Its follower, at half the speed."),
        ),
        parameters=(
            number("fast_limit", 0.5, 0.01, 0.99, "Largest weight of the newest bar."),
            number("slow_limit", 0.05, 0.01, 0.99, "Smallest such weight."),
        ),
        increasing=("slow_limit", "fast_limit"),
        warmup=fixed(32),
        source="J. F. Ehlers, MAMA: the Mother of Adaptive Moving Averages, Stocks & "
        "Commodities, 2001.",
        description="Follows the phase of the dominant cycle: fast after a turn, slow "
        "in between; crossings of its two lines mark turns.",
    ),
)

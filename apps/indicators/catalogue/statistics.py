"""Catalogue: plain statistics of the last bars of one series."""

from __future__ import annotations

from functools import partial

from apps.indicators.catalogue.parts import (
    SLOW_PERIOD_MAXIMUM,
    indicator,
    period,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, Category, Scaling

_statistic = partial(
    indicator,
    category=Category.STATISTICS,
    inputs=(FREE_INPUT,),
    warmup=windows(period=1, bars=-1),
)
_ACHELIS = "S. B. Achelis, Technical Analysis from A to Z"

SPECS = (
    _statistic(
        "highest",
        "Highest value",
        function="statistics:highest",
        parameters=(period(20, minimum=1),),
        outputs=single("The largest of the window.", Scaling.PRICE),
        source="TA-Lib, MAX.",
        description="The largest of the last values, the current one included.",
    ),
    _statistic(
        "lowest",
        "Lowest value",
        function="statistics:lowest",
        parameters=(period(20, minimum=1),),
        outputs=single("The smallest of the window.", Scaling.PRICE),
        source="TA-Lib, MIN.",
        description="The smallest of the last values, the current one included.",
    ),
    _statistic(
        "sum",
        "Sum",
        function="statistics:total",
        parameters=(period(20, minimum=1),),
        outputs=single("The sum of the window.", Scaling.PRICE),
        source="TA-Lib, SUM.",
        description="The sum of the last values.",
    ),
    _statistic(
        "stddev",
        "Standard deviation",
        function="statistics:stddev",
        parameters=(period(20),),
        outputs=single("The deviation of the population.", Scaling.PRICE),
        source=f"{_ACHELIS}, p. 309.",
        description="How far values usually are from their mean.",
    ),
    _statistic(
        "variance",
        "Variance",
        function="statistics:variance",
        parameters=(period(20, minimum=1),),
        outputs=single("The variance of the population.", Scaling.PRICE_SQUARED),
        source="TA-Lib, VAR.",
        description="The square of the standard deviation.",
    ),
    _statistic(
        "stderr",
        "Standard error",
        function="statistics:stderr",
        parameters=(period(20),),
        outputs=single("The error of the mean.", Scaling.PRICE),
        source="Tulip Indicators, stderr, tulipindicators.org/stderr.",
        description="How uncertain the window's mean is.",
    ),
    _statistic(
        "md",
        "Mean absolute deviation",
        function="statistics:md",
        parameters=(period(20, maximum=SLOW_PERIOD_MAXIMUM),),
        outputs=single("The mean distance from the mean.", Scaling.PRICE),
        source="TA-Lib, AVGDEV.",
        description="A deviation that outliers move less than the standard one.",
    ),
    _statistic(
        "zscore",
        "Z-score",
        function="statistics:zscore",
        parameters=(period(20),),
        outputs=single("Deviations; 0 where nothing deviates.", Scaling.NONE),
        source="The standardised variable of any statistics textbook.",
        description="The value's distance from the mean, in standard deviations.",
    ),
    _statistic(
        "percent_rank",
        "Percent rank",
        function="statistics:percent_rank",
        parameters=(
            period(
                100,
                minimum=1,
                maximum=SLOW_PERIOD_MAXIMUM,
                description="Number of earlier values.",
            ),
        ),
        outputs=single("0 to 100.", Scaling.NONE),
        warmup=windows(period=1),
        source="L. Connors, C. Alvarez and M. Radtke, An Introduction to ConnorsRSI, "
        "2012.",
        description="The share of the earlier values that are less than the current.",
    ),
    _statistic(
        "linreg_slope",
        "Linear regression slope",
        function="statistics:linreg_slope",
        parameters=(period(14),),
        outputs=single("Per bar.", Scaling.PRICE),
        source=f"{_ACHELIS}, Linear Regression Slope.",
        description="How steeply the best straight line rises or falls.",
    ),
    _statistic(
        "linreg_intercept",
        "Linear regression intercept",
        function="statistics:linreg_intercept",
        parameters=(period(14),),
        outputs=single("At the window's first bar.", Scaling.PRICE),
        source="TA-Lib, LINEARREG_INTERCEPT.",
        description="Where the best straight line begins.",
    ),
    _statistic(
        "tsf",
        "Time series forecast",
        function="statistics:tsf",
        parameters=(period(14),),
        outputs=single("One bar ahead.", Scaling.PRICE),
        source=f"{_ACHELIS}, Time Series Forecast.",
        description="The best straight line, continued by one bar.",
    ),
)

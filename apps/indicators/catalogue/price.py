"""Catalogue: one price made of a bar's four, and the step from one to the next."""

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

_OHLC = ("open", "high", "low", "close")
_price = partial(
    indicator,
    category=Category.PRICE,
    inputs=("high", "low", "close"),
    outputs=single("The price.", Scaling.PRICE),
    warmup=fixed(0),
)
_ACHELIS = "S. B. Achelis, Technical Analysis from A to Z"
_VALCU = "D. Valcu, Stocks & Commodities, 2004"

SPECS = (
    _price(
        "avgprice",
        "Average price",
        function="price:avgprice",
        inputs=_OHLC,
        source="TA-Lib, AVGPRICE.",
        description="The mean of open, high, low and close.",
    ),
    _price(
        "medprice",
        "Median price",
        function="price:medprice",
        inputs=("high", "low"),
        source=f"{_ACHELIS}, p. 191.",
        description="The middle of the bar.",
    ),
    _price(
        "typprice",
        "Typical price",
        function="price:typprice",
        source=f"{_ACHELIS}, p. 345.",
        description="The mean of high, low and close.",
    ),
    _price(
        "wcprice",
        "Weighted close",
        function="price:wcprice",
        source=f"{_ACHELIS}, p. 364.",
        description="The mean of high, low and twice the close.",
    ),
    _price(
        "midpoint",
        "Midpoint",
        function="price:midpoint",
        inputs=(FREE_INPUT,),
        parameters=(period(14, minimum=1),),
        warmup=windows(period=1, bars=-1),
        source="TA-Lib, MIDPOINT.",
        description="The middle between the window's extremes.",
    ),
    _price(
        "heikin_ashi",
        "Heikin-Ashi bars",
        function="price:heikin_ashi",
        inputs=_OHLC,
        outputs=(
            price("open", "The middle of the body before."),
            price("high", "The highest of high, open and close."),
            price("low", "The lowest of low, open and close."),
            price("close", "The average price."),
        ),
        source=f"{_VALCU}.",
        description="Smoothed candles that keep one colour through a trend; none of "
        "their prices was traded at.",
    ),
    _price(
        "heikin_ashi_close",
        "Heikin-Ashi close",
        function="price:heikin_ashi_close",
        inputs=_OHLC,
        source=f"{_VALCU}.",
        description="The close of the Heikin-Ashi bar, which is the average price.",
    ),
    _price(
        "log_return",
        "Logarithmic return",
        function="price:log_return",
        inputs=(FREE_INPUT,),
        parameters=(period(1, minimum=1, description="Bars looked back."),),
        outputs=single("0.01 is about one percent.", Scaling.NONE),
        warmup=windows(period=1),
        source="J. C. Hull, Options, Futures, and Other Derivatives.",
        description="The logarithm of the growth over a number of bars; such returns "
        "add up.",
    ),
)

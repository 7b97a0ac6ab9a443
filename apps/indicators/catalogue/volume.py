"""Catalogue: what traded volume says about the price."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from apps.indicators.catalogue.parts import (
    fixed,
    indicator,
    period,
    single,
    windows,
)
from apps.indicators.contracts import FREE_INPUT, TIME_INPUT, Category, Scaling

if TYPE_CHECKING:
    from apps.indicators.contracts import Parameter

_volume = partial(indicator, category=Category.VOLUME)
_BARS = ("high", "low", "close", "volume")
_FIRST_BAR = fixed(0)
_ACHELIS = "S. B. Achelis, Technical Analysis from A to Z"


_ORDER = ("fast", "slow")


def _averages(fast: int, slow: int) -> tuple[Parameter, ...]:
    return (
        period(fast, name="fast", description="Period of the fast average, in bars."),
        period(slow, name="slow", minimum=3, description="That of the slow one."),
    )


SPECS = (
    _volume(
        "ad",
        "Accumulation/distribution line",
        function="cumulative:ad",
        inputs=_BARS,
        outputs=single("Base units, cumulated.", Scaling.VOLUME),
        warmup=_FIRST_BAR,
        source=f"{_ACHELIS}, p. 50.",
        description="Volume, counted by where the bar closes in its range.",
    ),
    _volume(
        "adosc",
        "Chaikin oscillator",
        function="volume:adosc",
        inputs=_BARS,
        outputs=single("Base units.", Scaling.VOLUME),
        warmup=windows(slow=1, bars=-1),
        source=f"{_ACHELIS}, p. 99.",
        description="The momentum of the accumulation/distribution line.",
        parameters=_averages(3, 10),
        increasing=_ORDER,
    ),
    _volume(
        "obv",
        "On-balance volume",
        function="cumulative:obv",
        inputs=("close", "volume"),
        outputs=single("Base units; only differences count.", Scaling.VOLUME),
        warmup=_FIRST_BAR,
        source="J. E. Granville, Granville's New Key to Stock Market Profits, 1963; "
        "Achelis, p. 231.",
        description="Volume added on rises and taken off on falls.",
    ),
    _volume(
        "pvt",
        "Price and volume trend",
        function="cumulative:pvt",
        inputs=("close", "volume"),
        outputs=single("Base units, cumulated from 0.", Scaling.VOLUME),
        warmup=_FIRST_BAR,
        source=f"{_ACHELIS}, Price and Volume Trend.",
        description="On-balance volume that counts by how much the price changed.",
    ),
    _volume(
        "mfi",
        "Money flow index",
        function="volume:mfi",
        inputs=_BARS,
        parameters=(period(14, minimum=1),),
        outputs=single("0 to 100; 50 where no money flows.", Scaling.NONE),
        warmup=windows(period=1),
        source="G. Quong and A. Soudack, Stocks & Commodities, 1989.",
        description="An RSI of turnover: the share that came with rising prices.",
    ),
    _volume(
        "cmf",
        "Chaikin money flow",
        function="volume:cmf",
        inputs=_BARS,
        parameters=(period(20, minimum=1),),
        outputs=single("-1 to 1; 0 without any volume.", Scaling.NONE),
        warmup=windows(period=1, bars=-1),
        source="M. Chaikin; StockCharts ChartSchool, Chaikin Money Flow.",
        description="Whether volume comes with closes near the high or near the low.",
    ),
    _volume(
        "emv",
        "Ease of movement",
        function="volume:emv",
        inputs=("high", "low", "volume"),
        parameters=(
            period(14, minimum=1, description="Bars averaged; 1 leaves it out."),
        ),
        outputs=single(
            "Price squared per 10,000 base units.", Scaling.PRICE_SQUARED_PER_VOLUME
        ),
        warmup=windows(period=1),
        source="R. W. Arms, Volume Cycles in the Stock Market, 1983; Achelis, p. 132.",
        description="How far the price moves on how little volume.",
    ),
    _volume(
        "force_index",
        "Force index",
        function="volume:force_index",
        inputs=("close", "volume"),
        parameters=(period(13, minimum=1, description="Period of the average."),),
        outputs=single("Quote units.", Scaling.PRICE_VOLUME),
        warmup=windows(period=1),
        source="A. Elder, Trading for a Living, 1993.",
        description="The power behind a move: its size times its volume.",
    ),
    _volume(
        "kvo",
        "Klinger volume oscillator",
        function="recursive:kvo",
        inputs=_BARS,
        outputs=single("Base units times 100.", Scaling.VOLUME),
        warmup=windows(slow=1),
        source="S. Klinger, Stocks & Commodities, 1997; Achelis, p. 170.",
        description="Long-term money flow that still answers to short-term turns.",
        parameters=_averages(34, 55),
        increasing=_ORDER,
    ),
    _volume(
        "nvi",
        "Negative volume index",
        function="cumulative:nvi",
        inputs=("close", "volume"),
        outputs=single("1000 at the first bar.", Scaling.NONE),
        warmup=_FIRST_BAR,
        source="N. G. Fosback, Stock Market Logic, 1976; Achelis, p. 216.",
        description="What was earned on quiet bars, which are said to be the informed "
        "money's.",
    ),
    _volume(
        "pvi",
        "Positive volume index",
        function="cumulative:pvi",
        inputs=("close", "volume"),
        outputs=single("1000 at the first bar.", Scaling.NONE),
        warmup=_FIRST_BAR,
        source="N. G. Fosback, Stock Market Logic, 1976.",
        description="What was earned on busy bars, which are said to be the crowd's.",
    ),
    _volume(
        "vosc",
        "Volume oscillator",
        function="volume:vosc",
        inputs=("volume",),
        outputs=single("Percent; 0 without any volume.", Scaling.NONE),
        warmup=windows(slow=1, bars=-1),
        source=f"{_ACHELIS}, p. 360.",
        description="Whether volume is above or below its usual level: simple averages.",
        parameters=_averages(5, 10),
        increasing=_ORDER,
    ),
    _volume(
        "pvo",
        "Percentage volume oscillator",
        function="volume:pvo",
        inputs=("volume",),
        outputs=single("Percent; 0 without any volume.", Scaling.NONE),
        warmup=windows(slow=1, bars=-1),
        source="StockCharts ChartSchool, Percentage Volume Oscillator.",
        description="Whether volume is rising or falling: exponential averages.",
        parameters=_averages(12, 26),
        increasing=_ORDER,
    ),
    _volume(
        "wad",
        "Williams accumulation/distribution",
        function="cumulative:wad",
        inputs=("high", "low", "close"),
        outputs=single("Cumulated from 0.", Scaling.PRICE),
        warmup=_FIRST_BAR,
        source="L. Williams, The Secrets of Selecting Stocks, 1972; Achelis, p. 368.",
        description="Accumulation by where bars close relative to the close before; it "
        "needs no volume.",
    ),
    _volume(
        "vwap",
        "Volume-weighted average price",
        function="weighted:vwap",
        inputs=(TIME_INPUT, *_BARS),
        outputs=single("The session's average price.", Scaling.PRICE),
        warmup=_FIRST_BAR,
        source="S. Berkowitz, D. Logue and E. Noser, Journal of Finance 43:1, 1988, of "
        "typical prices.",
        description="What the market paid on average since 00:00 UTC of the bar's day; "
        "the typical price while nothing has traded.",
    ),
    _volume(
        "vwap_rolling",
        "Rolling volume-weighted average price",
        function="weighted:vwap_rolling",
        inputs=_BARS,
        parameters=(period(20, minimum=1),),
        outputs=single("The window's average price.", Scaling.PRICE),
        warmup=windows(period=1, bars=-1),
        source="S. Berkowitz, D. Logue and E. Noser, Journal of Finance 43:1, 1988, of "
        "typical prices over a window.",
        description="What the market paid on average in the last bars; the plain "
        "average where nothing traded.",
    ),
    _volume(
        "vwma",
        "Volume-weighted moving average",
        function="weighted:vwma",
        inputs=(FREE_INPUT, "volume"),
        parameters=(period(20, minimum=1),),
        outputs=single("The average, in the unit of the input.", Scaling.PRICE),
        warmup=windows(period=1, bars=-1),
        source="Tulip Indicators, vwma, tulipindicators.org/vwma.",
        description="A moving average in which busy bars weigh more; the plain average "
        "where nothing traded.",
    ),
)

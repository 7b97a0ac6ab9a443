"""What a report is about: the words at its top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReportHeading:
    """What was run, when, and on what terms, in words for the page.

    Attributes:
        title: The strategy's name; may hold anything.
        market: Symbol, timeframe and venue, such as `BTC/USDT 1h, binance`.
        synthetic: Whether the candles are made up; the page says so plainly.
        strategy_hash: SHA-256 of the strategy's definition.
        strategy_version: Which version of the strategy.
        mode: `exact` or `native`.
        capital: Quote units before the first bar, with the currency.
        fees: What is paid at each fill.
        slippage: What each fill moves against the trader.
        made: When the page was made; aware, UTC.
        quote: The quote currency.
        quality: How good the bars are, as the API gives it; None where nobody looked.
    """

    title: str
    market: str
    synthetic: bool
    strategy_hash: str
    strategy_version: int
    mode: str
    capital: str
    fees: str
    slippage: str
    made: datetime
    quote: str
    quality: Mapping[str, Any] | None = None

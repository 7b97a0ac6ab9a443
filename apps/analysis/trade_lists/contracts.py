"""What a list of trades is, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass

MOST_TRADES = 200_000


@dataclass(frozen=True, slots=True)
class ListedTrade:
    """One trade of a list; NaN where the list does not say.

    Attributes:
        entry_ns: When the position was entered, int64 nanoseconds UTC.
        exit_ns: When it was left.
        side: +1 long, -1 short.
        quantity: Base units.
        entry_price: Quote per base.
        exit_price: Quote per base.
        fee: Both fees, quote units.
        profit: After fees, quote units.
        reason: A name of `ExitReason`; empty where the list does not say, or says
            something that the contract does not know.
    """

    entry_ns: int
    exit_ns: int
    side: int
    quantity: float
    entry_price: float
    exit_price: float
    fee: float
    profit: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TradeList:
    """A list of trades from elsewhere.

    Attributes:
        source: What it was read as: `csv`, or `freqtrade` with the strategy's name.
        trades: In order of entry.
    """

    source: str
    trades: tuple[ListedTrade, ...]

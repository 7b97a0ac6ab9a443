"""What is exported, and the market and costs that it is exported with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.engines.contracts import MarketRules, Protection, SizingKind
from apps.strategies.definition import FixedQuoteSizing

if TYPE_CHECKING:
    from apps.strategies.definition import StrategyDefinition

# Finer than what exchanges quote, so that no price of theirs lies off this grid.
FINEST = Decimal("0.00000001")
CAPITAL = Decimal(10_000)
STAKES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Where the strategy is to trade.

    Attributes:
        base: What is bought, such as BTC.
        quote: What it is paid with, such as USDT.
        rules: The grid and the minimums.
        is_given: Whether they are those of a series; else they are a first guess.
    """

    base: str
    quote: str
    rules: MarketRules
    is_given: bool


ANY_MARKET = Market(
    base="BTC",
    quote="USDT",
    rules=MarketRules(
        price_tick=FINEST,
        quantity_step=FINEST,
        min_quantity=Decimal(0),
        min_notional=Decimal(0),
    ),
    is_given=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One version of a strategy on its way out.

    Attributes:
        definition: Checked.
        version: Its number.
        content_hash: SHA-256 of its canonical form.
        market: Where it is to trade.
        slippage: As a rate; that of the definition unless the caller chose another.
    """

    definition: StrategyDefinition
    version: int
    content_hash: str
    market: Market
    slippage: Decimal

    @property
    def capital(self) -> Decimal:
        """Cash at the start, quote units: enough for some entries."""
        sizing = self.definition.sizing
        if isinstance(sizing, FixedQuoteSizing):
            return max(CAPITAL, STAKES * sizing.amount)
        return CAPITAL

    @property
    def sizing(self) -> tuple[SizingKind, Decimal]:
        """How an entry is sized, and the amount or fraction."""
        sizing = self.definition.sizing
        if isinstance(sizing, FixedQuoteSizing):
            return SizingKind.FIXED_QUOTE, sizing.amount
        return SizingKind(sizing.kind), sizing.fraction

    @property
    def protection(self) -> Protection:
        """Stops and target, as engines are given them."""
        chosen = self.definition
        return Protection(
            stop_loss=_number(chosen.stop_loss),
            take_profit=_number(chosen.take_profit),
            trailing_stop=_number(chosen.trailing_stop),
        )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)

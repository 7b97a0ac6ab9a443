"""What the gate is asked, and what it says: shapes without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as the gate judges it.

    Attributes:
        symbol: The market.
        base: What it trades.
        quote: What it is paid in.
        side: `buy` or `sell`.
        kind: An `OrderKind`: `market`, `limit`, `stop`, ….
        quantity: Base units.
        price: Its limit, quote per base; None where it has none.
        stop_price: Where it wakes; None where it has none.
        reduce_only: Whether it may only make a position smaller.
        stop_loss: Where the trader means to get out at a loss, for the rules about
            distance and reward; None where not told.
        target: Where the trader means to take profit; None where not told.
    """

    symbol: str
    base: str
    quote: str
    side: str
    kind: str
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    stop_loss: Decimal | None = None
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule said.

    Attributes:
        rule: Its name, as in the limits.
        scope: `account` or `user`: whose limits it is of.
        passed: Whether the order may go on.
        value: What the order would bring, as text; None where it could not be had.
        limit: What is allowed, as text.
        unit: Of both: a currency, `fraction`, `orders`, `seconds`.
        message: For a person: what, and what would be right.
    """

    rule: str
    scope: str
    passed: bool
    value: str | None
    limit: str | None
    unit: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate said of an order.

    Attributes:
        id: Of the row that keeps it.
        allowed: Whether every rule passed.
        rules: All of them, those that failed first.
        order: The order as it was judged, with the price that it was valued at.
    """

    id: UUID
    allowed: bool
    rules: tuple[RuleResult, ...]
    order: dict[str, Any] = field(default_factory=dict)

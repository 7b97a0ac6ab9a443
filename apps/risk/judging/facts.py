"""What the rules judge by."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from apps.risk.contracts import OrderDraft
    from apps.risk.judging.pricing import Quote
    from apps.risk.limit_set import LimitSet

ACCOUNT = "account"
USER = "user"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Worth:
    """What everything is worth, and what it was; None with a reason where unknown.

    Attributes:
        equity: Now.
        day_start: What the UTC day began with, and what came in since.
        peak: The highest so far, flows in proportion.
        why: Why something is None.
        unpriced: Whether that is for want of a fresh price.
    """

    equity: Decimal | None = None
    day_start: Decimal | None = None
    peak: Decimal | None = None
    why: str = ""
    unpriced: bool = False


@dataclass(slots=True)
class ScopeFacts:
    """An account, or a user's accounts of one mode together, and its limits.

    Amounts are in `currency`.

    Attributes:
        scope: `account` or `user`.
        limits: Its limits.
        currency: What they are in.
        state: What may be traded: `active`, `reducing`, `halted`.
        reason: Why that is so.
        rate: What one unit of the order's quote currency is worth; None: unknown.
        exposures: By symbol, what is held and what orders that add may bring.
        open_orders: How many orders hold exposure.
        last_minute: How many orders were allowed in the last 60 seconds.
        worth: What it is worth, where a rule needs it.
        correlations: By pair of symbols; a pair that is missing counts as 1.
        why: Why an amount is unknown; the rules that need one refuse.
    """

    scope: str
    limits: LimitSet
    currency: str
    state: str
    reason: str = ""
    rate: Decimal | None = None
    exposures: dict[str, Decimal] = field(default_factory=dict)
    open_orders: int = 0
    last_minute: int = 0
    worth: Worth = field(default_factory=Worth)
    correlations: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    why: str = ""


@dataclass(slots=True)
class Facts:
    """An order, and all that is known of its market and its account.

    Attributes:
        draft: The order.
        now: The moment, UTC.
        quote: The market's prices; None where there are none.
        price: What it is valued at, quote per base; None where nothing tells it.
        adds: How much of its quantity makes the position larger, base units.
        covered: What the account holds of the base that no open sell is for.
        free: What it holds, of what the order spends, that no open order needs.
        needed: What the order spends; None where nothing tells it.
        spends: The currency that it spends.
        locked: Why there is no new exposure in this market at the moment.
        scopes: The account's facts, then the user's.
        max_age_seconds: How old a price may be.
        let_out: Whether it needs no fresh price as far as it reduces: somebody holds it,
            or fills it, who needs none of ours.
    """

    draft: OrderDraft
    now: datetime
    quote: Quote | None
    price: Decimal | None
    adds: Decimal
    covered: Decimal
    free: Decimal
    needed: Decimal | None
    spends: str
    locked: str
    scopes: Sequence[ScopeFacts]
    max_age_seconds: Decimal
    let_out: bool = True

    @property
    def reduces(self) -> bool:
        """Return whether the whole of it makes a position smaller."""
        return self.adds <= ZERO

    @property
    def fresh(self) -> bool:
        """Return whether the market's price is young enough to trade on."""
        return price_fresh(self.quote, self.max_age_seconds)


def price_fresh(quote: Quote | None, most_age: Decimal) -> bool:
    """Return whether there is a price, and it is at most so many seconds old."""
    return quote is not None and Decimal(str(round(quote.age_seconds, 3))) <= most_age

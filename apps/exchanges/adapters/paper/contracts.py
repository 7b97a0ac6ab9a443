"""What is seen of a market, an order at the paper venue, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.exchanges.account_port import OrderSide

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.exchanges.account_port import OrderKind, TimeInForce, VenueOrderState


@dataclass(frozen=True, slots=True)
class Level:
    """One price of a book.

    Attributes:
        price: Quote per base.
        quantity: What is offered there, base units; None where that is not told: then as
            much as is wanted.
    """

    price: Decimal
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Quote:
    """A market at one moment.

    Attributes:
        time_ns: When it was seen.
        bids: What buyers offer, best first.
        asks: What sellers offer, best first.
        last: Price of the last trade; None where not told. Stops wake by it.
        last_ns: When that was seen, where it was not with the rest.
    """

    time_ns: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    last: Decimal | None
    last_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Print:
    """One trade that others made.

    Attributes:
        time_ns: When.
        price: Quote per base.
        quantity: Base units; None where not told.
    """

    time_ns: int
    price: Decimal
    quantity: Decimal | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A candle that is closed.

    Attributes:
        open_ns: When it began.
        time_ns: When it was closed: nobody knew of it before.
        open: First price, quote per base.
        high: Highest.
        low: Lowest.
        close: Last.
        quantity: How much of its volume an order may take part in, base units; None
            where volumes are not told.
    """

    open_ns: int
    time_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    quantity: Decimal | None


type Seen = Quote | Print | Bar


@dataclass(frozen=True, slots=True)
class Rules:
    """What a market asks of an order; None is what its venue does not tell.

    Attributes:
        symbol: The market as `BASE/QUOTE`.
        base: What is bought.
        quote: What it is paid with.
        price_tick: Prices are multiples of it.
        quantity_step: Quantities are multiples of it.
        min_quantity: The smallest order, base units.
        min_notional: The smallest order, quote units.
    """

    symbol: str
    base: str
    quote: str
    price_tick: Decimal | None = None
    quantity_step: Decimal | None = None
    min_quantity: Decimal | None = None
    min_notional: Decimal | None = None


@dataclass(slots=True)
class Ticket:
    """An order at the venue; matching changes it.

    Attributes:
        side: Which way.
        kind: As it was placed.
        remaining: What is not traded yet, base units.
        price: Its limit; None for one at the market.
        stop_price: What it waits for; None where it does not.
        time_in_force: Of one with a limit.
        post_only: Whether it ends rather than takes.
        active_ns: From when prices count for it: when it was placed, and its latency.
        looked_ns: Up to when prices were matched with it; None: it has met none yet.
        triggered: Whether the price that it waits for was there.
        grain: Executions are multiples of it, but for one that fills all that is left.
    """

    side: OrderSide
    kind: OrderKind
    remaining: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    active_ns: int
    looked_ns: int | None
    triggered: bool
    grain: Decimal

    @property
    def buys(self) -> bool:
        """Return whether it buys the base."""
        return self.side is OrderSide.BUY

    @property
    def waits(self) -> bool:
        """Return whether it still waits for its stop price."""
        return self.kind.has_stop and not self.triggered


@dataclass(frozen=True, slots=True)
class Deal:
    """One execution.

    Attributes:
        price: Quote per base.
        quantity: Base units.
        maker: Whether the order rested.
    """

    price: Decimal
    quantity: Decimal
    maker: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order when it met a price.

    Attributes:
        deals: Its executions, in order.
        triggered: Whether the price that it waited for was there now.
        arrived: Whether these were the first prices that it met.
        ended: How it ended; None where it is still open.
        reason: Why it ended without being filled, for a person.
    """

    deals: tuple[Deal, ...] = ()
    triggered: bool = False
    arrived: bool = False
    ended: VenueOrderState | None = None
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Return whether anything became of it."""
        return bool(
            self.deals or self.triggered or self.arrived or self.ended is not None
        )


@dataclass(frozen=True, slots=True)
class Fees:
    """Fractions of what is received."""

    maker: Decimal
    taker: Decimal

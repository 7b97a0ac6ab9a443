"""What is asked of one account at a venue: balances, orders and their executions.

Everything is exact: `Decimal` in the market's own units, times in int64 nanoseconds UTC.
A write is sent once; where nobody knows what became of it, `OutcomeUnknown` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal


class OrderSide(StrEnum):
    """Which way an order trades the base."""

    BUY = "buy"
    SELL = "sell"


class OrderKind(StrEnum):
    """Whether an order names its price."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(StrEnum):
    """How long a limit order may rest."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class VenueOrderState(StrEnum):
    """Where an order is, as the venue tells it."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order to be sent.

    Attributes:
        client_order_id: Our own name of it, used once and never again: by it an order is
            found whose answer was lost.
        symbol: A spot market of the venue.
        side: Which way.
        kind: Market or limit.
        quantity: Base units, a multiple of the market's step.
        price: Of a limit order, a multiple of the market's tick; None for a market order.
        time_in_force: Of a limit order.
        post_only: Whether a limit order is refused rather than taking.
    """

    client_order_id: str
    symbol: str
    side: OrderSide
    kind: OrderKind
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds of one currency.

    Attributes:
        currency: Its code.
        total: Everything.
        free: What no order holds.
        used: What open orders hold.
    """

    currency: str
    total: Decimal
    free: Decimal
    used: Decimal


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue knows it.

    Attributes:
        id: The venue's name.
        client_order_id: Ours; None where the venue does not tell it.
        symbol: The market.
        side: Which way.
        kind: As the venue calls it, such as `limit` or `market`.
        state: Where it is; None where the answer does not tell.
        price: Its limit; None for a market order.
        quantity: What was asked for, base units; None where the answer does not tell.
        filled: What was traded so far, base units; None where the answer does not tell.
        average_price: At which it was; None where nothing was traded.
        created_ns: When the venue took it; None where not told.
        updated_ns: When it last changed; None where not told.
    """

    id: str
    client_order_id: str | None
    symbol: str
    side: OrderSide | None
    kind: str | None
    state: VenueOrderState | None
    price: Decimal | None
    quantity: Decimal | None
    filled: Decimal | None
    average_price: Decimal | None
    created_ns: int | None
    updated_ns: int | None


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One execution of an order of ours.

    Attributes:
        id: The venue's name; unique within a market.
        order_id: The venue's name of the order.
        symbol: The market.
        side: Which way.
        price: Quote per base.
        quantity: Base units.
        fee: What it cost, 0 or more, or less for a rebate; None where not told.
        fee_currency: What the fee was paid in.
        maker: Whether our order rested; None where not told.
        time_ns: When.
    """

    id: str
    order_id: str | None
    symbol: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_currency: str | None
    maker: bool | None
    time_ns: int


@dataclass(frozen=True, slots=True)
class KeysCheck:
    """What the keys of an account may do; None where the venue does not tell.

    Attributes:
        read: Whether balances can be read.
        trade: Whether orders may be sent.
        withdraw: Whether money may be taken out: keys for trading should not.
        addresses_restricted: Whether only some addresses may use the keys.
        clock_skew_seconds: The venue's clock less ours.
        message: What is wrong, for a person; empty where nothing is.
    """

    read: bool
    trade: bool | None
    withdraw: bool | None
    addresses_restricted: bool | None
    clock_skew_seconds: float | None
    message: str


class AccountPort(Protocol):
    """One account at a venue, by its keys."""

    exchange: str

    def keys_check(self) -> KeysCheck:
        """Say what the keys may do; wrong keys are an answer, not an error."""
        ...

    def balances(self) -> tuple[Balance, ...]:
        """Return what the account holds, by currency, without empty ones."""
        ...

    def order_place(self, request: OrderRequest) -> VenueOrder:
        """Send an order, once.

        Raises:
            ExchangeRejected: The venue refused it, or it is not on the market's grid.
            OutcomeUnknown: It was sent, and nobody knows what became of it.
            ExchangeUnavailable: It was not sent.
        """
        ...

    def order_cancel(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> None:
        """Ask for an order to be cancelled, once, by the venue's name or ours.

        Raises:
            VenueOrderNotFound: There is no such open order; it may be filled.
            OutcomeUnknown: It was sent, and nobody knows what became of it.
        """
        ...

    def order_get(
        self,
        symbol: str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> VenueOrder:
        """Return one order, by the venue's name or ours.

        Raises:
            VenueOrderNotFound: The venue knows none; straight after sending, it may yet.
        """
        ...

    def orders_open(self, symbol: str | None = None) -> tuple[VenueOrder, ...]:
        """Return what rests in the book, oldest first; of one market or of all."""
        ...

    def orders_closed(self, symbol: str, since_ns: int) -> tuple[VenueOrder, ...]:
        """Return a page of orders that ended, oldest first."""
        ...

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Return a page of executions, oldest first, each once.

        Args:
            symbol: The market.
            since_ns: From this time on, int64 nanoseconds UTC.
            after_id: Only executions after this one, where the venue can be asked so.
        """
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...

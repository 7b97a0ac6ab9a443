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
    """Whether an order names its price, and whether it waits for one before it wakes.

    A stop wakes when the price gets worse than its stop price (a buy: at or above), a
    take-profit when it gets better (a buy: at or below).
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"

    @property
    def has_price(self) -> bool:
        """Return whether it names a limit."""
        return self not in {OrderKind.MARKET, OrderKind.STOP, OrderKind.TAKE_PROFIT}

    @property
    def has_stop(self) -> bool:
        """Return whether it waits for a price."""
        return self not in {OrderKind.MARKET, OrderKind.LIMIT}

    @property
    def waits_for_worse(self) -> bool:
        """Return whether it waits for a worse price: a stop, not a take-profit."""
        return self in {OrderKind.STOP, OrderKind.STOP_LIMIT}


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
        kind: Whether it names a limit, and whether it waits for a price first.
        quantity: Base units, a multiple of the market's step.
        price: Of an order with a limit, a multiple of the market's tick; else None.
        stop_price: Of an order that waits, a multiple of the market's tick; else None.
        time_in_force: Of an order with a limit.
        post_only: Whether a limit order is refused rather than taking.
        send_before_ns: It may not leave after this time; None where only the time of the
            call bounds it.
    """

    client_order_id: str
    symbol: str
    side: OrderSide
    kind: OrderKind
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    send_before_ns: int | None = None


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
        kind: One of `OrderKind` where known, else the venue's word; None where not told.
        state: Where it is; None where the answer does not tell.
        price: Its limit; None for a market order.
        quantity: What was asked for, base units; None where the answer does not tell.
        filled: What was traded so far, base units; None where the answer does not tell.
        average_price: At which it was; None where nothing was traded.
        created_ns: When the venue took it; None where not told.
        updated_ns: When it last changed; None where not told.
        stop_price: What it waits for, or waited; None where it waits for none.
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
    stop_price: Decimal | None = None


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

    def order_kinds(self) -> frozenset[OrderKind]:
        """Say which kinds of orders can be placed and cancelled here; no call is made."""
        ...

    def keys_check(self) -> KeysCheck:
        """Say what the keys may do; wrong ones are no error, a venue without orders is."""
        ...

    def balances(self) -> tuple[Balance, ...]:
        """Return what the account holds, by currency, without empty ones."""
        ...

    def order_place(self, request: OrderRequest) -> VenueOrder:
        """Send an order, once.

        Raises:
            ExchangeRejected: The venue refused it, or it is not on the market's grid;
                `InsufficientFunds` and `ClientOrderIdTaken` say why.
            ExchangeUnsupported: The venue cannot do such an order; nothing was sent.
            ExchangeMisconfigured, ExchangeForbidden: It was refused for keys or clock.
            ExchangeUnavailable: It was not sent.
            ExchangeRateLimited: It came too soon: it was not sent, or turned away.
            OutcomeUnknown: It was sent, and nobody knows what became of it. Whatever
                is raised that is none of these says no more than that.
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
        """Return a page of orders placed since then that ended, oldest first."""
        ...

    def fills(
        self, symbol: str, since_ns: int, after_id: str | None = None
    ) -> tuple[VenueFill, ...]:
        """Return a page of executions, oldest first, each once; none is an empty one.

        Args:
            symbol: The market.
            since_ns: From this time on, int64 nanoseconds UTC.
            after_id: Only those after it; some venues tell its very moment again.
        """
        ...

    def fills_of_order(
        self, symbol: str, order_id: str, since_ns: int
    ) -> tuple[VenueFill, ...]:
        """Return all executions of one order, oldest first, each once.

        Args:
            symbol: The market.
            order_id: The venue's name of the order.
            since_ns: When it was placed, or before: some venues are looked through.
        """
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...

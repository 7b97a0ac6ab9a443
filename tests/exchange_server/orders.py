"""Orders and fills, and how Binance tells them over REST and over the socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tests.exchange_server.markets import eight

if TYPE_CHECKING:
    from tests.exchange_server.markets import ServedMarket

ZERO: Final = Decimal(0)
STOPS: Final = frozenset(
    {"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
)
OPEN: Final = frozenset({"NEW", "PARTIALLY_FILLED"})


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of an order.

    Attributes:
        id: The trade's number.
        order_id: Of which order.
        symbol: The market on the wire.
        price: Quote per base.
        quantity: Base units.
        quote: Quote units, as they were paid.
        fee: What it cost.
        fee_asset: In what.
        at_ms: When.
        buyer: Whether the account bought.
        maker: Whether its order rested.
    """

    id: int
    order_id: int
    symbol: str
    price: Decimal
    quantity: Decimal
    quote: Decimal
    fee: Decimal
    fee_asset: str
    at_ms: int
    buyer: bool
    maker: bool

    def described(self) -> dict[str, Any]:
        """Return it as `myTrades` tells it."""
        return {
            "symbol": self.symbol,
            "id": self.id,
            "orderId": self.order_id,
            "orderListId": -1,
            "price": eight(self.price),
            "qty": eight(self.quantity),
            "quoteQty": eight(self.quote),
            "commission": eight(self.fee),
            "commissionAsset": self.fee_asset,
            "time": self.at_ms,
            "isBuyer": self.buyer,
            "isMaker": self.maker,
            "isBestMatch": True,
        }


@dataclass(slots=True)
class Order:
    """One order of an account.

    Attributes:
        id: Its number.
        client_id: The name that the client gave it, or was given.
        market: On which market.
        side: `BUY` or `SELL`.
        type: As Binance says it: `LIMIT`, `MARKET`, `STOP_LOSS_LIMIT`, ...
        quantity: Base units; 0 where it is said in quote units.
        quote_quantity: Quote units to spend or to get; 0 where it is said in base.
        price: Its limit; 0 where it has none.
        stop_price: Where it wakes; 0 where it has none.
        time_in_force: `GTC`, `IOC` or `FOK`.
        at_ms: When it was placed.
        status: As Binance says it.
        working: Whether it can be filled: a stop sleeps until its price is met.
        executed: What was filled, base units.
        spent: What was paid or got, quote units.
        locked: What it still holds of the asset that it spends.
        updated_ms: When it last changed.
        fills: Its trades.
        cancel_id: The name of its cancellation.
        wakes_above: Whether a stop wakes at its price or above it, or below.
    """

    id: int
    client_id: str
    market: ServedMarket
    side: str
    type: str
    quantity: Decimal
    quote_quantity: Decimal
    price: Decimal
    stop_price: Decimal
    time_in_force: str
    at_ms: int
    status: str = "NEW"
    working: bool = True
    executed: Decimal = ZERO
    spent: Decimal = ZERO
    locked: Decimal = ZERO
    updated_ms: int = 0
    fills: list[Fill] = field(default_factory=list)
    cancel_id: str = ""
    wakes_above: bool = False

    @property
    def open(self) -> bool:
        """Return whether it is not done."""
        return self.status in OPEN

    @property
    def buys(self) -> bool:
        """Return whether it buys."""
        return self.side == "BUY"

    @property
    def left(self) -> Decimal:
        """Return what is still to be filled, base units."""
        return self.quantity - self.executed

    @property
    def spends(self) -> str:
        """Return the asset that it spends."""
        return self.market.quote if self.buys else self.market.base

    def _common(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "symbol": self.market.name,
            "orderId": self.id,
            "orderListId": -1,
            "clientOrderId": self.client_id,
            "price": eight(self.price),
            "origQty": eight(self.quantity),
            "executedQty": eight(self.executed),
            "origQuoteOrderQty": eight(self.quote_quantity),
            "cummulativeQuoteQty": eight(self.spent),
            "status": self.status,
            "timeInForce": self.time_in_force,
            "type": self.type,
            "side": self.side,
            "selfTradePreventionMode": "EXPIRE_MAKER",
        }
        if self.stop_price:
            told["stopPrice"] = eight(self.stop_price)
        return told

    def described(self) -> dict[str, Any]:
        """Return it as `GET order` tells it."""
        return self._common() | {
            "stopPrice": eight(self.stop_price),
            "icebergQty": "0.00000000",
            "time": self.at_ms,
            "updateTime": self.updated_ms,
            "isWorking": self.working,
            "workingTime": self.at_ms if self.working else -1,
        }

    def described_before(self) -> dict[str, Any]:
        """Return it as it was told before its last trade."""
        last = self.fills[-1]
        executed = self.executed - last.quantity
        return self.described() | {
            "executedQty": eight(executed),
            "cummulativeQuoteQty": eight(self.spent - last.quote),
            "status": "PARTIALLY_FILLED" if executed else "NEW",
        }

    def placed(self, told: str) -> dict[str, Any]:
        """Return it as `POST order` tells it: `ACK`, `RESULT` or `FULL`."""
        if told == "ACK":
            return {
                "symbol": self.market.name,
                "orderId": self.id,
                "orderListId": -1,
                "clientOrderId": self.client_id,
                "transactTime": self.at_ms,
            }
        body = self._common() | {
            "transactTime": self.at_ms,
            "workingTime": self.at_ms if self.working else -1,
        }
        if told == "FULL":
            body["fills"] = [
                {
                    "price": eight(each.price),
                    "qty": eight(each.quantity),
                    "commission": eight(each.fee),
                    "commissionAsset": each.fee_asset,
                    "tradeId": each.id,
                }
                for each in self.fills
            ]
        return body

    def cancelled(self) -> dict[str, Any]:
        """Return it as `DELETE order` tells it."""
        return self._common() | {
            "origClientOrderId": self.client_id,
            "clientOrderId": self.cancel_id,
            "transactTime": self.updated_ms,
        }

    def report(
        self, what: str, now_ms: int, fill: Fill | None = None
    ) -> dict[str, Any]:
        """Return the event `executionReport`.

        Args:
            what: `NEW`, `TRADE`, `CANCELED`, `EXPIRED` or `REJECTED`.
            now_ms: When it is told.
            fill: The trade, where there was one.
        """
        gone = what == "CANCELED"
        return {
            "e": "executionReport",
            "E": now_ms,
            "s": self.market.name,
            "c": self.cancel_id if gone else self.client_id,
            "S": self.side,
            "o": self.type,
            "f": self.time_in_force,
            "q": eight(self.quantity),
            "p": eight(self.price),
            "P": eight(self.stop_price),
            "F": "0.00000000",
            "g": -1,
            "C": self.client_id if gone else "",
            "x": what,
            "X": self.status,
            "r": "NONE",
            "i": self.id,
            "l": eight(fill.quantity if fill else ZERO),
            "z": eight(self.executed),
            "L": eight(fill.price if fill else ZERO),
            "n": eight(fill.fee) if fill else "0",
            "N": fill.fee_asset if fill else None,
            "T": self.updated_ms,
            "t": fill.id if fill else -1,
            "I": self.id * 2,
            "w": self.open and self.working,
            "m": bool(fill and fill.maker),
            "M": bool(fill),
            "O": self.at_ms,
            "Z": eight(self.spent),
            "Y": eight(fill.quote if fill else ZERO),
            "Q": eight(self.quote_quantity),
            "W": self.at_ms,
            "V": "EXPIRE_MAKER",
        }

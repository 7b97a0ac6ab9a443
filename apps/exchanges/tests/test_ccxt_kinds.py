"""Kinds of orders in each exchange's own words, and what it cannot do by name."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from apps.exchanges.account_port import (
    OrderKind,
    OrderSide,
    TimeInForce,
    VenueOrderState,
)
from apps.exchanges.adapters.ccxt.account import CcxtAccount
from apps.exchanges.adapters.ccxt.orders import order_from
from apps.exchanges.adapters.ccxt.placing import LACKING, STOPS, kinds_of, placing
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import ExchangeRejected, ExchangeUnsupported
from apps.exchanges.guard import GuardPolicy
from apps.exchanges.tests.loopback import BUY
from apps.exchanges.tests.stub import answering
from apps.exchanges.tests.test_ccxt_other_exchanges import KRAKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.exchange_server.fixtures import Served

WAITING = sorted(each for each in OrderKind if each.has_stop)
STOP = dataclasses.replace(
    BUY, kind=OrderKind.STOP_LIMIT, price=Decimal(61_000), stop_price=Decimal(60_000)
)


class _Asked(Exception):  # noqa: N818 - it has come as far as it should
    """ccxt has what it needs, and would call the exchange."""


# It asks, or finds a made-up market or key wanting: neither is for want of an argument.
_STOPPED = (
    _Asked, ccxt.BaseError, ArithmeticError, AssertionError, LookupError, TypeError,
)  # fmt: skip


def _lacks(exchange: str) -> bool:
    """Return whether ccxt wants more than an order tells to place or cancel it."""
    client = getattr(ccxt, exchange)({"apiKey": "key", "secret": "c2VjcmV0"})
    market = client.safe_market_structure(
        {
            "id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT",
            "type": "spot", "spot": True, "active": True, "info": {},
            "precision": {"price": 0.01, "amount": 0.001},
        }
    )  # fmt: skip
    client.set_markets([market])

    def asked(*_: Any, **__: Any) -> None:
        raise _Asked

    client.request = client.fetch = asked
    named = {"clientOrderId": "plx-1"}
    calls: tuple[Callable[[], Any], ...] = (
        lambda: client.create_order("BTC/USDT", "limit", "buy", 1.0, 100.0, named),
        lambda: client.cancel_order("1", "BTC/USDT", {}),
    )
    for call in calls:
        try:
            call()
        except ccxt.ArgumentsRequired:
            return True
        except _STOPPED:
            continue
    return False


def test_where_ccxt_wants_more_than_an_order_tells_none_is_placed() -> None:
    spot = [
        each
        for each in ccxt.exchanges
        if (has := getattr(ccxt, each)().has)["spot"] and has["createOrder"]
    ]
    assert len(spot) > 50
    assert {each for each in spot if _lacks(each)} == set(LACKING)
    for exchange in LACKING:
        assert kinds_of(getattr(ccxt, exchange)()) == frozenset()


@pytest.mark.parametrize("exchange", ["okx", "kucoin", "bybit", "coinbase", "bitget"])
def test_an_exchange_that_keeps_waiting_orders_apart_is_refused_them_by_name(
    exchange: str,
) -> None:
    client = getattr(ccxt, exchange)()
    assert kinds_of(client) == {OrderKind.LIMIT, OrderKind.MARKET}
    with pytest.raises(ExchangeUnsupported, match=f"{exchange} takes no stop_limit"):
        placing(client, STOP)


@pytest.mark.parametrize("exchange", STOPS)
def test_where_waiting_orders_are_placed_ccxt_lists_them_with_the_others(
    exchange: str,
) -> None:
    client = getattr(ccxt, exchange)()
    assert kinds_of(client) == set(OrderKind)
    spot = client.features["spot"]
    assert spot["createOrder"]["stopLossPrice"]
    assert spot["createOrder"]["takeProfitPrice"]
    assert not spot["fetchOrder"]["trigger"]
    assert not spot["fetchOpenOrders"]["trigger"]


def test_what_an_exchange_is_not_known_to_keep_is_refused_rather_than_dropped() -> None:
    client = ccxt.btcturk()
    for change in (
        {"post_only": True},
        {"time_in_force": TimeInForce.IOC},
        {"time_in_force": TimeInForce.FOK},
    ):
        known = client.features["spot"]["createOrder"]["timeInForce"]
        name = "PO" if "post_only" in change else str(change["time_in_force"])
        assert not known.get(name)
        with pytest.raises(ExchangeUnsupported, match=name):
            placing(client, dataclasses.replace(BUY, **change))


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"post_only": True}, "post_only"),
        ({"stop_price": None}, "stop_price"),
        ({"kind": OrderKind.STOP, "price": Decimal(1)}, "price"),
        (
            {"kind": OrderKind.STOP, "price": None, "time_in_force": TimeInForce.FOK},
            "time_in_force",
        ),
        (
            {
                "kind": OrderKind.LIMIT,
                "stop_price": None,
                "post_only": True,
                "time_in_force": TimeInForce.IOC,
            },
            "time_in_force",
        ),
    ],
    ids=["post-only", "no-stop", "price", "fok", "post-only-ioc"],
)
def test_an_order_that_contradicts_itself_is_refused_before_it_is_sent(
    change: dict[str, Any], attr: str
) -> None:
    with pytest.raises(ExchangeRejected) as caught:
        placing(ccxt.binance(), dataclasses.replace(STOP, **change))
    assert caught.value.attr == attr


@pytest.mark.parametrize("kind", WAITING)
def test_binance_is_sent_its_own_names_of_waiting_orders(
    account: CcxtAccount, exchange_server: Served, kind: OrderKind
) -> None:
    down = kind.value.startswith("take")
    stop = Decimal(40_000 if down else 60_000)
    request = dataclasses.replace(
        BUY, kind=kind, stop_price=stop, price=stop if kind.has_price else None
    )
    account.order_place(request)
    (entry,) = exchange_server.journal("order")
    told = entry["body"]["order"]
    name = kind.value.upper().replace("STOP", "STOP_LOSS")
    assert told["type"] == name
    assert Decimal(told["stopPrice"]) == stop
    assert told["clientOrderId"] == "plx-1"


@pytest.fixture(scope="module")
def kraken() -> Iterator[CcxtAccount]:
    """An account at Kraken, whose markets are known."""
    with answering(KRAKEN) as (address, _):
        config = ExchangeConfig(
            address,
            rate_limits=False,
            api_key="key",
            secret="c2VjcmV0",  # noqa: S106
        )
        account = CcxtAccount("kraken", config, GuardPolicy(attempts=1))
        account._calls.loaded()
        yield account
        account.close()


def _krakens(kind: OrderKind) -> str:
    return kind.value.replace("stop", "stop-loss").replace("_", "-")


@pytest.mark.parametrize("kind", WAITING)
def test_kraken_is_sent_its_own_names_of_waiting_orders(
    kraken: CcxtAccount, kind: OrderKind
) -> None:
    asked: dict[str, Any] = {}

    def sent(request: dict[str, Any]) -> dict[str, Any]:
        asked.update(request)
        said = {"order": "buy 0.50000000 XBTUSD @ stop loss 60000.0"}
        return {"error": [], "result": {"descr": said, "txid": ["OTX"]}}

    kraken._client.privatePostAddOrder = sent
    price = Decimal(61_000) if kind.has_price else None
    order = kraken.order_place(
        dataclasses.replace(STOP, symbol="BTC/USD", kind=kind, price=price)
    )
    assert order.id == "OTX"
    assert asked["ordertype"] == _krakens(kind)
    assert Decimal(asked["price"]) == 60_000
    assert ("price2" in asked) is kind.has_price
    assert asked["cl_ord_id"] == "plx-1"


@pytest.mark.parametrize("kind", WAITING)
def test_krakens_orders_have_our_names_of_kinds(
    kraken: CcxtAccount, kind: OrderKind
) -> None:
    raw = {
        "id": "OTX", "refid": None, "status": "open", "opentm": 1_700_000_000.5,
        "vol": "0.5", "vol_exec": "0", "cost": "0", "fee": "0", "price": "0",
        "stopprice": "60000", "limitprice": "0", "cl_ord_id": "by-hand",
        "descr": {
            "pair": "XBTUSD", "type": "buy", "price": "60000.0",
            "ordertype": _krakens(kind),
            "price2": "61000.0" if kind.has_price else "0",
        },
    }  # fmt: skip
    found = order_from(kraken._client.parse_order(raw), "BTC/USD", waiting=True)
    assert found.kind == kind
    assert found.stop_price == 60_000
    assert found.price == (61_000 if kind.has_price else None)
    assert (found.state, found.side) == (VenueOrderState.OPEN, OrderSide.BUY)
    assert found.client_order_id == "by-hand"


def test_an_order_tied_to_a_trigger_elsewhere_keeps_its_kind() -> None:
    raw = {"id": "1", "symbol": "BTC/USDT", "type": "limit", "takeProfitPrice": "70000"}
    assert order_from(raw, "BTC/USDT").kind == OrderKind.LIMIT
    assert order_from(raw | {"type": "iceberg"}, None).kind == "iceberg"
    assert order_from(raw | {"type": None}, None).kind is None


def test_an_order_by_other_hands_keeps_its_name(
    account: CcxtAccount, exchange_server: Served
) -> None:
    order = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "quantity": "1"}
    order |= {"price": "60000", "timeInForce": "GTC", "newClientOrderId": "web_1"}
    exchange_server.account(place=order)
    (found,) = account.orders_open()
    assert found.client_order_id == "web_1"
    exchange_server.account(cancel={"symbol": "BTCUSDT", "orderId": found.id})
    (ended,) = account.orders_closed("BTC/USDT", 0)
    assert (ended.client_order_id, ended.id) == ("web_1", found.id)
    assert ended.state is VenueOrderState.CANCELLED

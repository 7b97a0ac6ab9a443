"""What drills need of an account: late, doubled and shrunk answers, and other hands."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from tests.exchange_server.ccxt_urls import KEYS, ccxt_sync
from tests.exchange_server.exchange import (
    SECRET,
    WITHDRAW_KEY,
    AccountOptions,
    ExchangeOptions,
)
from tests.exchange_server.fixtures import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange_server.fixtures import Served


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve(ExchangeOptions(symbols=3)) as made:
        yield made


@pytest.fixture(scope="module")
def shared(served: Served) -> Iterator[Any]:
    with ccxt_sync(served, timeout=500, **KEYS) as made:
        made.load_markets()
        yield made


@pytest.fixture
def client(shared: Any, served: Served) -> Iterator[Any]:
    served.price_set("BTCUSDT", "50000", liquidity=None)
    yield shared
    served.faults_clear()


def _rest(client: Any, name: str = "", price: float = 40_000) -> dict[str, Any]:
    params = {"clientOrderId": name} if name else {}
    order: dict[str, Any] = client.create_order(
        "BTC/USDT", "limit", "buy", 0.1, price, params
    )
    return order


def test_an_order_is_not_found_for_a_while_after_it_was_placed(
    client: Any, served: Served
) -> None:
    old = _rest(client)
    time.sleep(0.25)
    served.fault("orders_late", seconds=0.25, times=None)
    order = _rest(client, "young")
    named = {"origClientOrderId": "young"}
    for number, params in ((order["id"], {}), (None, named)):
        with pytest.raises(ccxt.OrderNotFound):
            client.fetch_order(number, "BTC/USDT", params)
    open_ids = [each["id"] for each in client.fetch_open_orders("BTC/USDT")]
    assert old["id"] in open_ids
    assert order["id"] not in open_ids
    assert order["id"] not in [each["id"] for each in client.fetch_orders("BTC/USDT")]
    time.sleep(0.25)
    assert client.fetch_order(order["id"], "BTC/USDT")["status"] == "open"
    assert served.faults_struck()["orders_late"] == 4
    client.cancel_all_orders("BTC/USDT")


def test_trades_are_told_late_while_their_order_is_known(
    client: Any, served: Served
) -> None:
    before = len(client.fetch_my_trades("BTC/USDT"))
    served.fault("fills_late", seconds=0.2, times=None)
    order = client.create_order("BTC/USDT", "market", "buy", 0.1)
    assert client.fetch_order(order["id"], "BTC/USDT")["filled"] == 0.1
    assert len(client.fetch_my_trades("BTC/USDT")) == before
    time.sleep(0.2)
    assert len(client.fetch_my_trades("BTC/USDT")) == before + 1


def test_an_order_is_told_as_it_was_before_its_last_trade(
    client: Any, served: Served
) -> None:
    order = _rest(client)
    served.price_set("BTCUSDT", "40000", liquidity="0.06")
    served.fault("orders_less", path="/api/v3/order")
    less = client.fetch_order(order["id"], "BTC/USDT")
    assert (less["filled"], less["status"]) == (0, "open")
    assert client.fetch_order(order["id"], "BTC/USDT")["filled"] == 0.06
    served.price_set("BTCUSDT", "39000", liquidity=None)
    served.fault("orders_less", path="/api/v3/order")
    less = client.fetch_order(order["id"], "BTC/USDT")
    assert (less["filled"], less["status"]) == (0.06, "open")
    assert client.fetch_order(order["id"], "BTC/USDT")["status"] == "closed"


def test_a_page_of_trades_is_told_twice_or_from_its_end(
    client: Any, served: Served
) -> None:
    for _ in range(3):
        client.create_order("BTC/USDT", "market", "buy", 0.01)
    asked = {"symbol": "BTCUSDT"}
    well = client.privateGetMyTrades(asked)
    served.fault("fills_double")
    assert client.privateGetMyTrades(asked) == well + well
    served.fault("fills_reorder")
    assert client.privateGetMyTrades(asked) == well[::-1]
    assert client.privateGetMyTrades(asked) == well


@pytest.mark.parametrize("name", ["by-hand", ""], ids=["named", "unnamed"])
def test_an_order_is_placed_and_cancelled_by_other_hands(
    client: Any, served: Served, name: str
) -> None:
    order = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "quantity": "0.1"}
    order |= {"price": "60000", "timeInForce": "GTC"}
    named = {"newClientOrderId": name} if name else {}
    kept = served.account(place=order | named)
    (found,) = client.fetch_open_orders("BTC/USDT")
    assert found["clientOrderId"] == (name or kept["orders"][-1]["clientOrderId"])
    market = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}
    assert served.account(place=market)["orders"][-1]["status"] == "FILLED"
    served.account(cancel={"symbol": "BTCUSDT", "orderId": found["id"]})
    assert client.fetch_open_orders("BTC/USDT") == []


def test_fees_are_paid_in_a_third_currency_while_it_lasts() -> None:
    paid = (("USDT", Decimal(100_000)), ("BNB", Decimal("0.05")))
    account = AccountOptions(balances=paid, fee_asset=("BNB", Decimal(500)))
    options = ExchangeOptions(symbols=3, accounts=(account,))
    with serve(options) as made, ccxt_sync(made, **KEYS) as client:
        made.price_set("BTCUSDT", "49999.99")
        client.load_markets()
        for _ in range(2):
            client.create_order("BTC/USDT", "market", "buy", 0.4)
        fees = [each["fee"] for each in client.fetch_my_trades("BTC/USDT")]
        # 20,000 USDT at a thousandth are 20 USDT: 0.04 BNB once, and then not again.
        assert fees == [
            {"cost": 0.04, "currency": "BNB"},
            {"cost": 0.0004, "currency": "BTC"},
        ]
        kept = made.account(fee_asset=["USDT", "1"])
        assert Decimal(kept["holdings"]["BNB"]["free"]) == Decimal("0.01")
        client.create_order("BTC/USDT", "market", "sell", 0.1)
        assert client.fetch_my_trades("BTC/USDT")[-1]["fee"]["currency"] == "USDT"
        assert made.account()["balanced"]


def test_what_a_key_may_do_is_told_and_changes(served: Served) -> None:
    with ccxt_sync(served, apiKey=WITHDRAW_KEY, secret=SECRET) as taker:
        assert taker.sapiGetAccountApiRestrictions()["enableWithdrawals"] is True
        served.account(key=WITHDRAW_KEY, may={"withdraw": False, "trade": False})
        told = taker.sapiGetAccountApiRestrictions()
        assert told["enableWithdrawals"] is False
        assert told["enableSpotAndMarginTrading"] is False
        served.account(key=WITHDRAW_KEY, may={"withdraw": True, "trade": True})


@pytest.mark.parametrize(
    ("key", "code"), [("nobody", "-2015"), ("no key!", "-2014")], ids=["who", "form"]
)
def test_a_key_that_nobody_knows_is_told_from_what_is_none(
    served: Served, key: str, code: str
) -> None:
    with (
        ccxt_sync(served, apiKey=key, secret=SECRET) as wrong,
        pytest.raises(ccxt.AuthenticationError, match=code),
    ):
        wrong.privateGetAccount()


@pytest.mark.parametrize(
    "kind", ["timeout_after", "drop_after", "error_after", "truncate", "slow"]
)
def test_an_order_is_carried_out_though_its_answer_is_lost_or_late(
    client: Any, served: Served, kind: str
) -> None:
    after = served.control("journal")["count"]
    before = time.time()
    served.fault(kind, path="/api/v3/order", method="POST", seconds=0.7)
    try:
        _rest(client, f"lost-{kind}")
    except (ccxt.BaseError, TypeError, AttributeError):
        left = time.time()
    else:
        left = time.time()
        assert kind == "truncate"
    if kind == "slow":
        assert served.journal("order", after) == []
        time.sleep(0.4)
    (order,) = served.journal("order", after)
    assert order["body"]["order"]["clientOrderId"] == f"lost-{kind}"
    (asked,) = [
        each
        for each in served.journal("request", after)
        if each["body"]["method"] == "POST"
    ]
    # Told in seconds since the epoch, to the microsecond, of this machine's clock.
    assert before < asked["at"] < left
    assert asked["at"] <= order["at"] < time.time()
    assert abs(order["at"] - order["at_ms"] / 1000) < 0.01
    client.cancel_all_orders("BTC/USDT")


def test_a_resting_order_is_filled_in_parts_over_time(
    client: Any, served: Served
) -> None:
    order = _rest(client)
    served.price_set("BTCUSDT", "50000", liquidity="0.04")
    path = [[0, 40_000], [0.02, 40_000], [0.02, 40_000]]
    served.control("price", {"symbol": "BTCUSDT", "path": path})
    trades = client.fetch_order_trades(order["id"], "BTC/USDT")
    assert [each["amount"] for each in trades] == [0.04, 0.04, 0.02]
    assert trades[0]["timestamp"] < trades[-1]["timestamp"]


@pytest.mark.parametrize("kind", ["MARKET", "LIMIT_MAKER"])
def test_a_time_in_force_where_none_belongs_is_refused(client: Any, kind: str) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": kind, "quantity": "0.1"}
    order |= {"timeInForce": "GTC"} | ({} if kind == "MARKET" else {"price": "40000"})
    with pytest.raises(ccxt.BadRequest, match="-1106"):
        client.privatePostOrder(order)

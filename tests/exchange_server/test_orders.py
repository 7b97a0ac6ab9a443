"""The real ccxt trades: orders, fills, holdings, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt
import pytest

from tests.exchange_server.ccxt_urls import KEYS, ccxt_sync
from tests.exchange_server.exchange import READ_KEY, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange_server.fixtures import Served


@pytest.fixture
def client(exchange_server: Served) -> Iterator[Any]:
    exchange_server.price_set("BTCUSDT", "50000")
    with ccxt_sync(exchange_server, **KEYS) as made:
        made.load_markets()
        yield made


def _balanced(served: Served) -> dict[str, Any]:
    account = served.account()
    assert account["balanced"]
    return account


def test_a_market_order_is_filled_and_paid(
    client: Any, exchange_server: Served
) -> None:
    order = client.create_order("BTC/USDT", "market", "buy", 0.5)
    assert order["status"] == "closed"
    assert order["average"] == 50000.01
    assert order["fee"] == {"cost": 0.0005, "currency": "BTC"}
    balance = client.fetch_balance()
    assert balance["BTC"]["free"] == 10.4995
    assert balance["USDT"]["free"] == 100_000 - 25_000.005
    (trade,) = client.fetch_my_trades("BTC/USDT")
    assert trade["order"] == order["id"]
    assert trade["takerOrMaker"] == "taker"
    _balanced(exchange_server)


def test_a_resting_order_is_filled_in_parts_as_the_price_comes(
    client: Any, exchange_server: Served
) -> None:
    order = client.create_order("BTC/USDT", "limit", "buy", 1, 49_000)
    assert client.fetch_balance()["USDT"] == {
        "free": 51_000.0,
        "used": 49_000.0,
        "total": 100_000.0,
    }
    assert [each["id"] for each in client.fetch_open_orders("BTC/USDT")] == [
        order["id"]
    ]
    exchange_server.price_set("BTCUSDT", "49000", liquidity="0.4")
    part = client.fetch_order(order["id"], "BTC/USDT")
    assert part["status"] == "open"
    assert part["filled"] == 0.4
    exchange_server.price_set("BTCUSDT", "48900")
    exchange_server.price_set("BTCUSDT", "48800", liquidity=None)
    done = client.fetch_order(order["id"], "BTC/USDT")
    assert done["status"] == "closed"
    assert done["average"] == 49_000
    trades = client.fetch_my_trades("BTC/USDT")
    assert [trade["amount"] for trade in trades] == [0.4, 0.4, 0.2]
    assert {trade["takerOrMaker"] for trade in trades} == {"maker"}
    account = _balanced(exchange_server)
    assert Decimal(account["holdings"]["USDT"]["locked"]) == 0
    assert Decimal(account["holdings"]["USDT"]["free"]) == 51_000
    assert Decimal(account["holdings"]["BTC"]["free"]) == Decimal("10.999")


def test_a_cancelled_order_gives_back_what_it_held(
    client: Any, exchange_server: Served
) -> None:
    order = client.create_order("BTC/USDT", "limit", "sell", 2, 60_000)
    assert client.fetch_balance()["BTC"]["used"] == 2
    assert client.cancel_order(order["id"], "BTC/USDT")["status"] == "canceled"
    assert client.fetch_balance()["BTC"] == {"free": 10.0, "used": 0.0, "total": 10.0}
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order["id"], "BTC/USDT")
    _balanced(exchange_server)


def test_all_orders_of_a_market_are_cancelled_at_once(client: Any) -> None:
    for price in (60_000, 61_000):
        client.create_order("BTC/USDT", "limit", "sell", 1, price)
    assert len(client.cancel_all_orders("BTC/USDT")) == 2
    assert client.fetch_open_orders("BTC/USDT") == []
    assert len(client.fetch_orders("BTC/USDT")) == 2
    assert len(client.fetch_canceled_orders("BTC/USDT")) == 2


def test_a_stop_sleeps_until_its_price_is_met(
    client: Any, exchange_server: Served
) -> None:
    order = client.create_order(
        "BTC/USDT", "market", "sell", 1, None, {"stopLossPrice": 48_000}
    )
    exchange_server.price_set("BTCUSDT", "48500")
    assert client.fetch_order(order["id"], "BTC/USDT")["status"] == "open"
    exchange_server.price_set("BTCUSDT", "47900")
    done = client.fetch_order(order["id"], "BTC/USDT")
    assert done["status"] == "closed"
    assert done["average"] == 47_899.99
    _balanced(exchange_server)


def test_a_stop_limit_rests_after_it_has_woken(
    client: Any, exchange_server: Served
) -> None:
    order = client.create_order(
        "BTC/USDT", "limit", "buy", 1, 51_000, {"triggerPrice": 51_500}
    )
    exchange_server.price_set("BTCUSDT", "52000")
    assert client.fetch_order(order["id"], "BTC/USDT")["filled"] == 0
    exchange_server.price_set("BTCUSDT", "51000")
    assert client.fetch_order(order["id"], "BTC/USDT")["average"] == 51_000
    _balanced(exchange_server)


def test_an_order_is_replaced(client: Any, exchange_server: Served) -> None:
    order = client.create_order("BTC/USDT", "limit", "buy", 1, 40_000)
    other = client.edit_order(order["id"], "BTC/USDT", "limit", "buy", 1, 41_000)
    assert client.fetch_order(order["id"], "BTC/USDT")["status"] == "canceled"
    assert [each["id"] for each in client.fetch_open_orders("BTC/USDT")] == [
        other["id"]
    ]
    assert client.fetch_balance()["USDT"]["used"] == 41_000
    _balanced(exchange_server)


def test_an_order_without_time_takes_what_is_there(
    client: Any, exchange_server: Served
) -> None:
    exchange_server.price_set("BTCUSDT", "50000", liquidity="0.3")
    exchange_server.price_set("BTCUSDT", "50000")
    part = client.create_order(
        "BTC/USDT", "limit", "buy", 1, 50_100, {"timeInForce": "IOC"}
    )
    assert part["filled"] == 0.3
    assert part["status"] == "expired"
    none = client.create_order(
        "BTC/USDT", "limit", "buy", 1, 50_100, {"timeInForce": "FOK"}
    )
    assert none["filled"] == 0
    assert none["status"] == "expired"
    _balanced(exchange_server)


def test_quote_units_are_spent_whole(client: Any, exchange_server: Served) -> None:
    order = client.create_market_buy_order_with_cost("BTC/USDT", 1000)
    assert order["status"] == "closed"
    assert 999 < order["cost"] <= 1000
    _balanced(exchange_server)


def test_a_clients_name_finds_the_order_and_may_be_used_again_when_done(
    client: Any,
) -> None:
    named = {"clientOrderId": "mine-1"}
    first = client.create_order("BTC/USDT", "limit", "buy", 1, 40_000, named)
    with pytest.raises(ccxt.ExchangeError, match="Duplicate order"):
        client.create_order("BTC/USDT", "limit", "buy", 1, 40_000, named)
    client.cancel_order(first["id"], "BTC/USDT")
    second = client.create_order("BTC/USDT", "market", "buy", 0.1, None, named)
    found = client.fetch_order(None, "BTC/USDT", {"origClientOrderId": "mine-1"})
    assert found["id"] == second["id"] != first["id"]


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        (("limit", "buy", 100, 40_000), ccxt.InsufficientFunds, "insufficient"),
        (("market", "sell", 11, None), ccxt.InsufficientFunds, "insufficient"),
        (("limit", "buy", 0.0001, 40_000), ccxt.BadRequest, "NOTIONAL"),
        (("limit", "buy", 0.01, 300_000), ccxt.InvalidOrder, "PERCENT_PRICE"),
    ],
    ids=["quote", "base", "small", "far"],
)
def test_an_order_that_cannot_be_is_refused_and_changes_nothing(
    client: Any,
    exchange_server: Served,
    order: tuple[Any, ...],
    error: type[Exception],
    message: str,
) -> None:
    before = client.fetch_balance()["total"]
    with pytest.raises(error, match=message):
        client.create_order("BTC/USDT", *order)
    assert client.fetch_balance()["total"] == before
    assert exchange_server.journal("reject")
    _balanced(exchange_server)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"quantity": "0.000001", "price": "40000"}, "LOT_SIZE"),
        ({"quantity": "0.1", "price": "40000.001"}, "PRICE_FILTER"),
        ({"quantity": "0.1", "price": "40000.0000000001"}, "too much precision"),
        ({"quantity": "-1", "price": "40000"}, "-1100"),
        ({"quantity": "0.1"}, "-1102"),
        ({"quantity": "0.1", "price": "40000", "side": "HOLD"}, "-1117"),
        ({"quantity": "0.1", "price": "1", "symbol": "SRMUSDT"}, "closed"),
    ],
    ids=["step", "tick", "places", "sign", "missing", "side", "halted"],
)
def test_what_ccxt_would_not_send_is_refused_too(
    client: Any, told: dict[str, str], message: str
) -> None:
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    with pytest.raises(ccxt.ExchangeError, match=message):
        client.privatePostOrder(asked | told)


def test_a_post_only_order_that_would_take_is_refused(client: Any) -> None:
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        client.create_order("BTC/USDT", "limit", "buy", 0.1, 51_000, {"postOnly": True})


@pytest.mark.parametrize(
    "keys",
    [
        {"apiKey": "somebody", "secret": SECRET},
        {"apiKey": KEYS["apiKey"], "secret": "wrong"},
    ],
    ids=["key", "secret"],
)
def test_wrong_keys_are_told_from_right_ones(
    exchange_server: Served, keys: dict[str, str]
) -> None:
    with ccxt_sync(exchange_server, **keys) as wrong:
        wrong.load_markets()
        with pytest.raises(ccxt.AuthenticationError):
            wrong.fetch_balance()


def test_a_key_that_only_reads_places_nothing(exchange_server: Served) -> None:
    with ccxt_sync(exchange_server, apiKey=READ_KEY, secret=SECRET) as reader:
        reader.load_markets()
        with pytest.raises(ccxt.AuthenticationError, match="-2015"):
            reader.create_order("BTC/USDT", "market", "buy", 0.01)
        assert reader.fetch_balance()["BTC"]["free"] == 10
        # Once a request was signed well, ccxt takes this code for a ban.
        with pytest.raises(ccxt.DDoSProtection, match="-2015"):
            reader.create_order("BTC/USDT", "market", "buy", 0.01)


@pytest.mark.parametrize("seconds", [30, -30])
def test_a_clock_that_is_off_is_refused_until_it_is_adjusted(
    client: Any, exchange_server: Served, seconds: int
) -> None:
    exchange_server.clock_set(skew_seconds=seconds)
    with pytest.raises(ccxt.InvalidNonce):
        client.fetch_balance()
    client.load_time_difference()
    assert client.options["timeDifference"] == pytest.approx(-1000 * seconds, abs=900)
    client.options["adjustForTimeDifference"] = True
    assert client.fetch_balance()["BTC"]["free"] == 10


def test_coins_fees_and_currencies_are_read(
    client: Any, exchange_server: Served
) -> None:
    client.options["fetchCurrencies"] = True
    assert client.fetch_currencies()["BTC"]["active"]
    assert client.fetch_trading_fee("BTC/USDT")["taker"] == 0.001
    assert client.fetch_trading_fees()["ETH/USDT"]["maker"] == 0.001


def test_the_journal_tells_what_came_of_an_order(
    client: Any, exchange_server: Served
) -> None:
    client.create_order("BTC/USDT", "market", "buy", 0.1, None, {"clientOrderId": "j1"})
    kinds = [each["kind"] for each in exchange_server.journal()]
    assert kinds.index("order") < kinds.index("fill")
    numbers = [each["number"] for each in exchange_server.journal()]
    assert numbers == list(range(1, len(numbers) + 1))
    (fill,) = exchange_server.journal("fill")
    assert fill["body"]["order"]["clientOrderId"] == "j1"
    assert exchange_server.requests("/api/v3/order")[-1]["method"] == "POST"

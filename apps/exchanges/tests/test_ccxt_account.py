"""One account at an exchange, by the real ccxt client against a loopback exchange."""

from __future__ import annotations

import dataclasses
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.account_port import OrderKind, TimeInForce, VenueOrderState
from apps.exchanges.adapters.ccxt.account import CcxtAccount
from apps.exchanges.errors import (
    ExchangeForbidden,
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    InsufficientFunds,
    SymbolUnknown,
    VenueOrderNotFound,
)
from apps.exchanges.registry import account_open, exchanges_close
from apps.exchanges.tests.loopback import BUY, QUICK, keyed
from tests.exchange_server.exchange import KEY, READ_KEY

if TYPE_CHECKING:
    from tests.exchange_server.fixtures import Served


def test_balances_are_exact(account: CcxtAccount) -> None:
    held = {each.currency: each for each in account.balances()}
    assert held["BTC"].total == held["BTC"].free == 10
    account.order_place(BUY)
    dollars = {each.currency: each for each in account.balances()}["USDT"]
    assert dollars.free == 80_000
    assert dollars.used == 20_000
    assert dollars.total == 100_000


def test_an_order_rests_is_found_by_either_name_and_is_cancelled(
    account: CcxtAccount,
) -> None:
    order = account.order_place(BUY)
    assert order.client_order_id == "plx-1"
    assert order.state is VenueOrderState.OPEN
    assert order.price == 40_000
    assert order.quantity == Decimal("0.5")
    assert order.filled == 0
    by_ours = account.order_get("BTC/USDT", client_order_id="plx-1")
    by_theirs = account.order_get("BTC/USDT", order_id=order.id)
    assert by_ours == by_theirs
    assert by_ours.id == order.id
    assert [each.id for each in account.orders_open("BTC/USDT")] == [order.id]
    assert [each.id for each in account.orders_open()] == [order.id]
    account.order_cancel("BTC/USDT", client_order_id="plx-1")
    assert account.orders_open("BTC/USDT") == ()
    ended = account.order_get("BTC/USDT", order_id=order.id)
    assert ended.state is VenueOrderState.CANCELLED


def test_an_order_that_fills_has_its_executions_each_once(
    account: CcxtAccount, exchange_server: Served
) -> None:
    order = account.order_place(BUY)
    for price in ("40000", "39000"):
        exchange_server.price_set("BTCUSDT", price, liquidity="0.3")
    done = account.order_get("BTC/USDT", client_order_id="plx-1")
    assert done.state is VenueOrderState.FILLED
    assert done.filled == Decimal("0.5")
    assert done.average_price == 40_000
    fills = account.fills("BTC/USDT", 0)
    assert [each.quantity for each in fills] == [Decimal("0.3"), Decimal("0.2")]
    assert {each.order_id for each in fills} == {order.id}
    assert [each.fee for each in fills] == [Decimal("0.0003"), Decimal("0.0002")]
    assert {each.fee_currency for each in fills} == {"BTC"}
    assert all(each.maker for each in fills)
    assert account.fills("BTC/USDT", 0, fills[0].id) == fills[1:]
    assert [each.id for each in account.orders_closed("BTC/USDT", 0)] == [order.id]


def test_a_market_order_names_no_price(account: CcxtAccount) -> None:
    market = dataclasses.replace(BUY, kind=OrderKind.MARKET, price=None)
    order = account.order_place(market)
    assert order.state is VenueOrderState.FILLED
    assert order.average_price == Decimal("50000.01")
    with pytest.raises(ExchangeRejected, match="names no price"):
        account.order_place(dataclasses.replace(market, price=Decimal(1)))


def test_a_limit_that_may_only_rest_is_refused_rather_than_taking(
    account: CcxtAccount,
) -> None:
    crossing = dataclasses.replace(BUY, price=Decimal(60_000), post_only=True)
    with pytest.raises(ExchangeRejected):
        account.order_place(crossing)
    at_once = dataclasses.replace(BUY, time_in_force=TimeInForce.IOC)
    assert account.order_place(at_once).state is VenueOrderState.EXPIRED


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"quantity": Decimal("0.000015")}, "amount"),
        ({"quantity": Decimal(0)}, "amount"),
        ({"quantity": Decimal(-1)}, "amount"),
        ({"price": Decimal("40000.001")}, "price"),
        ({"quantity": Decimal("0.500000000000000001")}, "amount"),
    ],
    ids=["step", "zero", "negative", "tick", "digits"],
)
def test_an_order_off_the_grid_is_refused_before_it_is_sent(
    account: CcxtAccount,
    exchange_server: Served,
    change: dict[str, Decimal],
    attr: str,
) -> None:
    with pytest.raises(ExchangeRejected) as caught:
        account.order_place(dataclasses.replace(BUY, **change))  # type: ignore[arg-type]
    assert caught.value.attr == attr
    assert exchange_server.journal("order") == []


def test_what_the_account_does_not_hold_is_told(account: CcxtAccount) -> None:
    with pytest.raises(InsufficientFunds):
        account.order_place(dataclasses.replace(BUY, quantity=Decimal(500)))


def test_an_order_that_nobody_knows_is_told(account: CcxtAccount) -> None:
    with pytest.raises(VenueOrderNotFound):
        account.order_get("BTC/USDT", client_order_id="never")
    with pytest.raises(VenueOrderNotFound):
        account.order_cancel("BTC/USDT", order_id="424242")
    with pytest.raises(SymbolUnknown):
        account.order_get("BTC/USTD", client_order_id="never")


def test_keys_tell_what_they_may_do(exchange_server: Served) -> None:
    for key, may_trade in ((KEY, True), (READ_KEY, False)):
        account = CcxtAccount("binance", keyed(exchange_server, api_key=key), QUICK)
        checked = account.keys_check()
        assert checked.read
        assert checked.trade is may_trade
        assert checked.withdraw is False
        assert checked.message == ""
        account.close()


@pytest.mark.parametrize("kind", ["error_before", "drop_before", "rate_limit"])
def test_keys_whose_restrictions_were_not_told_are_asked_again_not_passed(
    account: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    account.balances()
    exchange_server.fault(kind, path="apiRestrictions", seconds=0)
    with pytest.raises((ExchangeUnavailable, ExchangeRateLimited)):
        account.keys_check()
    exchange_server.faults_clear()
    time.sleep(0.1)
    assert account.keys_check().withdraw is False
    exchange_server.fault("error_before", path="apiRestrictions", status=404)
    assert account.keys_check().withdraw is None


def test_a_key_that_may_not_trade_is_told_so(exchange_server: Served) -> None:
    config = keyed(exchange_server, api_key=READ_KEY)
    account = CcxtAccount("binance", config, QUICK)
    exchange_server.price_set("BTCUSDT", "50000")
    with pytest.raises((ExchangeForbidden, ExchangeMisconfigured)):
        account.order_place(BUY)
    account.close()


@pytest.mark.parametrize(
    "keys", [{"api_key": "wrong"}, {"secret": "wrong"}], ids=["key", "secret"]
)
def test_wrong_keys_are_told_with_what_to_check(
    exchange_server: Served, keys: dict[str, str]
) -> None:
    account = CcxtAccount("binance", keyed(exchange_server, **keys), QUICK)
    with pytest.raises(ExchangeMisconfigured, match="check the key"):
        account.balances()
    checked = account.keys_check()
    assert (checked.read, checked.trade) == (False, None)
    assert "check the key" in checked.message
    account.close()


def test_without_keys_there_is_no_account(exchange_server: Served) -> None:
    with pytest.raises(ExchangeMisconfigured, match="needs an API key"):
        CcxtAccount("binance", keyed(exchange_server, secret=None))


@pytest.mark.parametrize("skew", [30, -30])
def test_a_clock_that_is_off_is_told_in_seconds_and_followed_from_then_on(
    account: CcxtAccount, exchange_server: Served, skew: int
) -> None:
    account.balances()
    exchange_server.clock_set(skew_seconds=skew)
    side = "ahead of" if skew > 0 else "behind"
    told = rf"clock is (29\.\d|30\.\d) s {side} this machine's.*NTP"
    with pytest.raises(ExchangeMisconfigured, match=told):
        account.order_place(BUY)
    assert exchange_server.journal("order") == []
    account.order_place(BUY)
    account.order_cancel("BTC/USDT", client_order_id="plx-1")
    skewed = account.keys_check().clock_skew_seconds
    assert skewed == pytest.approx(skew, abs=1)
    exchange_server.clock_set(skew_seconds=0)
    with pytest.raises(ExchangeMisconfigured, match="NTP"):
        account.balances()
    assert account.balances()


def test_a_process_has_one_client_for_each_pair_of_keys(
    exchange_server: Served,
) -> None:
    config = keyed(exchange_server)
    opened = account_open("binance", config)
    assert account_open("binance", config) is opened
    other = account_open("binance", keyed(exchange_server, api_key=READ_KEY))
    assert other is not opened
    exchanges_close()

"""Accounts at exchanges that find orders and turn pages otherwise than Binance.

The answers are written after the exchanges' documentation; nothing was asked of a real one.
"""

from __future__ import annotations

import base64
import dataclasses
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.adapters.ccxt.account import CcxtAccount
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import (
    ExchangeRejected,
    ExchangeUnsupported,
    InsufficientFunds,
    OutcomeUnknown,
    VenueOrderNotFound,
)
from apps.exchanges.guard import GuardPolicy
from apps.exchanges.tests.loopback import BUY
from apps.exchanges.tests.stub import answering
from apps.exchanges.tests.test_ccxt_other_exchanges import KRAKEN, OKX

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 1_700_000_000
SINCE_NS = SECONDS * 1_000_000_000
# As an exchange gives them: an answer may repeat them, with marks of JSON before slashes.
KEY = "k3y-that-nobody-may-read"
SECRET = base64.b64encode(b"\xff\xff\xff a secret of some length").decode()
PASSWORD = "pass-that-nobody-may-read"  # noqa: S105
DOLLARS = dataclasses.replace(BUY, symbol="BTC/USD", price=Decimal(30_000))


@contextmanager
def opened(
    exchange: str, answers: dict[str, Any]
) -> Iterator[tuple[CcxtAccount, list[str]]]:
    with answering(answers) as (address, asked):
        config = ExchangeConfig(
            address,
            timeout_seconds=3,
            rate_limits=False,
            api_key=KEY,
            secret=SECRET,
            password=PASSWORD,
        )
        account = CcxtAccount(exchange, config, GuardPolicy(attempts=1))
        yield account, asked
        account.close()


# --- Kraken

ORDER = {
    "refid": None, "userref": 0, "cl_ord_id": "plx-1", "status": "canceled",
    "opentm": SECONDS + 1.5, "closetm": SECONDS + 2.5, "starttm": 0, "expiretm": 0,
    "descr": {
        "pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "30000.0",
        "price2": "0", "leverage": "none", "order": "", "close": "",
    },
    "vol": "0.50000000", "vol_exec": "0.00000000", "cost": "0.00000", "fee": "0.00000",
    "price": "0.00000", "stopprice": "0.00000", "limitprice": "0.00000", "misc": "",
    "oflags": "fciq",
}  # fmt: skip


def result(**told: Any) -> dict[str, Any]:
    return {"error": [], "result": told}


def kraken(**answers: Any) -> dict[str, Any]:
    return {f"/private/{name}": answer for name, answer in answers.items()} | KRAKEN


def trade(number: int) -> dict[str, Any]:
    return {
        "ordertxid": "O-1", "pair": "XXBTZUSD", "time": SECONDS + number, "type": "buy",
        "ordertype": "limit", "price": "30000.0", "cost": "30.0", "fee": "0.1",
        "vol": "0.001", "margin": "0.0", "misc": "", "maker": True,
    }  # fmt: skip


def test_an_order_at_kraken_whose_answer_was_lost_is_found_by_its_name() -> None:
    lists = kraken(
        OpenOrders=result(open={}), ClosedOrders=result(closed={"O-1": ORDER}, count=1)
    )
    with opened("kraken", lists) as (account, asked):
        found = account.order_get("BTC/USD", client_order_id="plx-1")
        assert (found.id, found.state) == ("O-1", VenueOrderState.CANCELLED)
        named = [each for each in asked if "cl_ord_id=plx-1" in each]
        assert len(named) == 2
        assert account.orders_open("BTC/USD") == ()
    none = kraken(OpenOrders=result(open={}), ClosedOrders=result(closed={}, count=0))
    with (
        opened("kraken", none) as (account, _),
        pytest.raises(VenueOrderNotFound),
    ):
        account.order_get("BTC/USD", client_order_id="plx-1")


def test_an_order_at_kraken_is_cancelled_by_its_name_at_once() -> None:
    done = kraken(CancelOrder=result(count=1))
    with opened("kraken", done) as (account, asked):
        account.order_cancel("BTC/USD", client_order_id="plx-1")
    (sent,) = [each for each in asked if "/private/" in each]
    assert "cl_ord_id=plx-1" in sent
    assert "txid" not in sent


@pytest.mark.parametrize("name", ["Unknown", "Invalid"])
def test_an_order_that_kraken_does_not_know_is_one_that_was_not_found(
    name: str,
) -> None:
    unknown = {"error": [f"EOrder:{name} order"]}
    with opened("kraken", kraken(QueryOrders=unknown, AddOrder=unknown)) as (
        account,
        asked,
    ):
        with pytest.raises(VenueOrderNotFound, match=f"{name} order"):
            account.order_get("BTC/USD", order_id="O-1")
        # Of an order that is placed, the same words are a refusal.
        with pytest.raises(ExchangeRejected):
            account.order_place(DOLLARS)
    assert "txid=O-1" in next(each for each in asked if "QueryOrders" in each)


def test_a_cancel_at_kraken_is_not_judged_by_what_another_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = kraken(CancelOrder={"error": ["EOrder:Unknown order"]})
    with opened("kraken", unknown) as (account, _):
        with pytest.raises(VenueOrderNotFound):
            account.order_cancel("BTC/USD", order_id="O-1")

        def lost(*_: Any, **__: Any) -> None:
            raise requests.ReadTimeout

        monkeypatch.setattr(account._client.session, "send", lost)
        with pytest.raises(OutcomeUnknown):
            account.order_cancel("BTC/USD", order_id="O-2")


def test_kraken_tells_fifty_executions_at_once_and_all_of_them_are_told() -> None:
    numbers = range(119, -1, -1)
    pages = {
        f"ofs={first}": result(
            trades={
                f"T-{each:03}": trade(each) for each in numbers[first : first + 50]
            },
            count=120,
        )
        for first in (0, 50, 100)
    }
    with opened("kraken", pages | KRAKEN) as (account, _):
        for found in (
            account.fills("BTC/USD", SINCE_NS),
            account.fills_of_order("BTC/USD", "O-1", SINCE_NS),
        ):
            assert [each.id for each in found] == [
                f"T-{each:03}" for each in range(120)
            ]
    with opened("kraken", kraken(TradesHistory=result(trades={}, count=0))) as (
        account,
        _,
    ):
        assert account.fills("BTC/USD", SINCE_NS) == ()


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("EOrder:Insufficient funds", InsufficientFunds),
        ("EGeneral:Invalid arguments:price", ExchangeRejected),
        ("EOrder:Words of tomorrow", OutcomeUnknown),
    ],
)
def test_a_refusal_under_status_200_is_one_where_its_words_are_known(
    told: str, kind: type[Exception]
) -> None:
    refused = kraken(AddOrder={"error": [told]})
    with opened("kraken", refused) as (account, asked):
        with pytest.raises(kind) as caught:
            account.order_place(DOLLARS)
        assert type(caught.value) is kind
    assert len([each for each in asked if "/private/" in each]) == 1


# --- OKX

CURRENCIES = {"/api/v5/asset/currencies": {"code": "0", "msg": "", "data": []}}


def bill(number: int) -> dict[str, str]:
    return {
        "instType": "SPOT", "instId": "SHIB-USDT", "tradeId": str(number),
        "ordId": "7", "clOrdId": "", "billId": str(number), "tag": "",
        "fillPx": "0.000008", "fillSz": "100000", "side": "buy", "posSide": "",
        "execType": "M", "feeCcy": "SHIB", "fee": "-1",
        "ts": str(1000 * (SECONDS + number)),
    }  # fmt: skip


def bills(numbers: range) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": [bill(each) for each in numbers]}


def test_what_lies_behind_the_newest_page_of_executions_is_told_as_well() -> None:
    path = "/api/v5/trade/fills-history"
    pages = {
        f"&end={1000 * (SECONDS + 51)}": bills(range(51, -1, -1)),
        f"{path}?": bills(range(149, 49, -1)),
    }
    with opened("okx", pages | CURRENCIES | OKX) as (account, asked):
        found = account.fills("SHIB/USDT", SINCE_NS)
        assert [each.id for each in found] == [str(each) for each in range(150)]
    assert len([each for each in asked if path in each]) == 2


def test_an_exchange_that_holds_back_executions_is_not_believed_to_have_none() -> None:
    # It tells its newest page whatever it is asked for.
    pages = {"/api/v5/trade/fills-history?": bills(range(149, 49, -1))}
    with (
        opened("okx", pages | CURRENCIES | OKX) as (account, _),
        pytest.raises(ExchangeUnsupported, match="cannot be compared"),
    ):
        account.fills("SHIB/USDT", SINCE_NS)


# --- exchanges that want to be told more than an order tells

BITVAVO = {
    "/v2/markets": [
        {"market": "BTC-EUR", "status": "trading", "base": "BTC", "quote": "EUR",
         "pricePrecision": 5, "tickSize": "1.00", "quantityDecimals": 8,
         "notionalDecimals": 2, "minOrderInBaseAsset": "0.00005",
         "minOrderInQuoteAsset": "5", "orderTypes": ["market", "limit"]}
    ],
    "/v2/assets": [
        {"symbol": each, "name": each, "decimals": 8, "depositStatus": "OK",
         "withdrawalStatus": "OK", "networks": ["Mainnet"], "message": ""}
        for each in ("BTC", "EUR")
    ],
}  # fmt: skip


def test_an_exchange_whose_orders_cannot_be_cancelled_is_not_traded_at() -> None:
    known = {"orderId": "7", "market": "BTC-EUR", "side": "buy", "status": "new"}
    with opened("bitvavo", BITVAVO | {"/v2/order": known}) as (account, asked):
        assert account.order_kinds() == frozenset()
        why = "cannot be placed and cancelled at bitvavo here: .* operator"
        for refused in (
            account.keys_check,
            lambda: account.order_place(dataclasses.replace(BUY, symbol="BTC/EUR")),
        ):
            with pytest.raises(ExchangeUnsupported, match=why):
                refused()
        with pytest.raises(ExchangeUnsupported, match="operatorId"):
            account.order_cancel("BTC/EUR", order_id="7")
        assert [each for each in asked if "/v2/order" in each] == []
        # What is there already can be looked at.
        found = account.order_get("BTC/EUR", client_order_id="plx-1")
        assert found.state is VenueOrderState.OPEN


# --- keys that an answer repeats


@pytest.mark.parametrize("status", [200, 401, 503])
def test_no_error_repeats_a_key(status: int, caplog: pytest.LogCaptureFixture) -> None:
    said = f"wrong: {'x' * 270} {KEY} {SECRET} {PASSWORD}"
    wrong = (status, {"error": [said], "result": said})
    with opened("kraken", {"/private/": wrong} | KRAKEN) as (account, _):
        for call in (
            account.balances,
            lambda: account.order_place(DOLLARS),
            lambda: account.fills("BTC/USD", SINCE_NS),
            lambda: account.order_cancel("BTC/USD", order_id="O-1"),
            account.orders_open,
        ):
            with pytest.raises(Exception, match="kraken") as caught:
                call()
            texts = [caplog.text]
            error: BaseException | None = caught.value
            while error is not None:
                texts += [str(error), repr(error)]
                error = error.__cause__ or error.__context__
            for text in texts:
                for secret in (KEY, SECRET, PASSWORD):
                    assert secret[:6] not in text

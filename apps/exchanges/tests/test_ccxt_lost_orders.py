"""An order is sent once, and what nobody knows of it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeRateLimited,
    ExchangeUnavailable,
    OutcomeUnknown,
    VenueOrderNotFound,
)
from apps.exchanges.tests.loopback import BUY

if TYPE_CHECKING:
    from apps.exchanges.adapters.ccxt.account import CcxtAccount
    from tests.exchange_server.fixtures import Served


LOST = [
    "drop_after",
    "timeout_after",
    "error_after",
    "truncate",
    "empty",
    "html",
    "nulls",
    "wrong_shape",
]


@pytest.mark.parametrize("kind", LOST)
def test_an_order_whose_answer_is_lost_is_sent_once_and_settled_by_its_name(
    account: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    account.balances()
    exchange_server.fault(kind, path="/api/v3/order", method="POST", times=None)
    with pytest.raises(OutcomeUnknown, match="not known"):
        account.order_place(BUY)
    sent = [
        each
        for each in exchange_server.requests("/api/v3/order")
        if each["method"] == "POST"
    ]
    assert len(sent) == 1
    found = account.order_get("BTC/USDT", client_order_id="plx-1")
    assert found.state is VenueOrderState.OPEN
    assert [each.id for each in account.orders_open("BTC/USDT")] == [found.id]


@pytest.mark.parametrize("kind", ["drop_before", "timeout_before", "error_before"])
def test_an_order_that_the_exchange_never_took_is_as_unknown(
    account: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    account.balances()
    exchange_server.fault(kind, path="/api/v3/order", method="POST", seconds=2)
    with pytest.raises(OutcomeUnknown):
        account.order_place(BUY)
    exchange_server.faults_clear()
    with pytest.raises(VenueOrderNotFound):
        account.order_get("BTC/USDT", client_order_id="plx-1")
    assert account.orders_open("BTC/USDT") == ()


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "truncate"])
def test_a_cancel_whose_answer_is_lost_is_unknown(
    account: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    account.order_place(BUY)
    exchange_server.fault(kind, path="/api/v3/order", method="DELETE")
    with pytest.raises(OutcomeUnknown):
        account.order_cancel("BTC/USDT", client_order_id="plx-1")
    ended = account.order_get("BTC/USDT", client_order_id="plx-1")
    assert ended.state is VenueOrderState.CANCELLED
    with pytest.raises(VenueOrderNotFound):
        account.order_cancel("BTC/USDT", client_order_id="plx-1")


def test_an_order_that_found_no_connection_was_not_sent(
    account: CcxtAccount, exchange_server: Served
) -> None:
    account.balances()
    exchange_server.listening_stop()
    with pytest.raises(ExchangeUnavailable):
        account.order_place(BUY)
    exchange_server.listening_start()
    assert account.orders_open() == ()


@pytest.mark.parametrize("kind", ["rate_limit", "ban"])
def test_an_order_that_came_too_soon_was_not_taken(
    account: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    account.balances()
    exchange_server.fault(kind, path="/api/v3/order", method="POST", seconds=30)
    with pytest.raises(ExchangeRateLimited) as caught:
        account.order_place(BUY)
    assert caught.value.retry_after == pytest.approx(30, abs=2)
    assert exchange_server.journal("order") == []


@pytest.mark.parametrize("kind", ["nulls", "wrong_shape", "empty", "truncate"])
def test_no_orders_and_no_money_are_not_made_of_an_answer_that_says_nothing(
    account: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    account.order_place(BUY)
    exchange_server.fault(kind, times=None)
    for ask in (
        account.balances,
        account.orders_open,
        lambda: account.orders_closed("BTC/USDT", 0),
        lambda: account.fills("BTC/USDT", 0),
    ):
        try:
            found = ask()
        except ExchangeAnswerInvalid:
            continue
        # Nulls leave an empty list as it is.
        assert kind == "nulls"
        assert found == ()
        assert ask is not account.balances

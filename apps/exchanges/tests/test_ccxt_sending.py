"""What changes something is sent in time or not at all, and each end of it has a name."""

from __future__ import annotations

import dataclasses
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from apps.exchanges.adapters.ccxt.account import CcxtAccount
from apps.exchanges.adapters.ccxt.calls import Calls
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    InsufficientFunds,
    OutcomeUnknown,
    VenueOrderNotFound,
)
from apps.exchanges.guard.shared import Shared
from apps.exchanges.tests.loopback import BUY, QUICK, keyed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.core.errors import ApplicationError
    from tests.exchange_server.fixtures import Served


# How long an account that waits for little does.
HASTY = ExchangeConfig(timeout_seconds=0.3)


@pytest.fixture
def hasty(exchange_server: Served) -> Iterator[CcxtAccount]:
    """An account that waits for little, and whose markets are known."""
    exchange_server.price_set("BTCUSDT", "50000")
    config = keyed(exchange_server, timeout_seconds=HASTY.timeout_seconds)
    opened = CcxtAccount("binance", config, QUICK)
    opened.balances()
    yield opened
    opened.close()


def posted(served: Served) -> list[dict[str, Any]]:
    asked = served.requests("/api/v3/order")
    return [each for each in asked if each["method"] == "POST"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1000, OutcomeUnknown),
        (-1001, OutcomeUnknown),
        (-1006, OutcomeUnknown),
        (-1007, OutcomeUnknown),
        (-1008, OutcomeUnknown),
        (-1003, ExchangeRateLimited),
        (-1015, ExchangeRateLimited),
        (-1013, ExchangeRejected),
        (-1021, ExchangeMisconfigured),
        (-1022, ExchangeMisconfigured),
        (-2010, InsufficientFunds),
        (-2015, ExchangeMisconfigured),
    ],
)
def test_each_refusal_of_binance_says_whether_the_order_may_exist(
    account: CcxtAccount,
    exchange_server: Served,
    code: int,
    kind: type[ApplicationError],
) -> None:
    account.balances()
    exchange_server.fault("refuse", code=code, path="/api/v3/order", method="POST")
    with pytest.raises(kind) as caught:
        account.order_place(BUY)
    assert type(caught.value) is kind
    assert len(posted(exchange_server)) == 1


def test_a_name_is_free_again_once_its_order_is_filled_so_ours_is_never_reused(
    account: CcxtAccount, exchange_server: Served
) -> None:
    first = account.order_place(BUY)
    with pytest.raises(ClientOrderIdTaken):
        account.order_place(BUY)
    exchange_server.price_set("BTCUSDT", "39000")
    exchange_server.price_set("BTCUSDT", "50000")
    second = account.order_place(BUY)
    assert second.id != first.id
    assert account.order_get("BTC/USDT", client_order_id="plx-1").id == second.id


def test_an_open_circuit_sends_nothing(
    account: CcxtAccount, exchange_server: Served
) -> None:
    account.balances()
    exchange_server.fault("error_before", times=None)
    for _ in range(QUICK.failures_to_open):
        with pytest.raises(ExchangeUnavailable):
            account.balances()
    with pytest.raises(ExchangeUnavailable, match="is not asked"):
        account.order_place(BUY)
    assert posted(exchange_server) == []


def test_a_turn_that_would_come_too_late_sends_nothing_and_is_not_waited_for(
    exchange_server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = keyed(exchange_server, rate_limits=True)
    account = CcxtAccount("binance", config, QUICK)
    account.balances()
    monkeypatch.setattr(Shared, "turn", lambda *_: 5.0)
    begun = time.monotonic()
    with pytest.raises(ExchangeRateLimited, match="no turn"):
        account.order_place(BUY)
    assert time.monotonic() - begun < config.sending_seconds
    assert posted(exchange_server) == []
    account.close()


def test_a_name_that_is_not_found_sends_nothing(
    account: CcxtAccount, exchange_server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.balances()
    account._client.session.close()

    def nameless(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", nameless)
        with pytest.raises(ExchangeUnavailable):
            account.order_place(BUY)
    assert posted(exchange_server) == []
    assert account.orders_open() == ()


def test_a_name_that_is_found_too_late_sends_nothing(
    hasty: CcxtAccount, exchange_server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty._client.session.close()
    look_up = socket.getaddrinfo

    def slowly(*names: Any, **more: Any) -> Any:
        time.sleep(HASTY.sending_seconds + 0.05)
        return look_up(*names, **more)

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", slowly)
        with pytest.raises(ExchangeUnavailable):
            hasty.order_place(BUY)
    assert posted(exchange_server) == []
    # Without a deadline, which only writes have, the same connection is made.
    assert hasty.orders_open() == ()


def test_an_order_that_comes_after_its_own_time_is_not_sent(
    account: CcxtAccount, exchange_server: Served
) -> None:
    account.balances()
    now = time.time_ns()
    with pytest.raises(ExchangeUnavailable, match="not sent"):
        account.order_place(dataclasses.replace(BUY, send_before_ns=now - 1))
    assert posted(exchange_server) == []
    account.order_place(dataclasses.replace(BUY, send_before_ns=now + 5_000_000_000))
    assert len(posted(exchange_server)) == 1


def test_markets_that_do_not_come_are_asked_for_once_and_the_order_is_not_sent(
    exchange_server: Served,
) -> None:
    config = keyed(exchange_server, timeout_seconds=HASTY.timeout_seconds)
    account = CcxtAccount("binance", config, QUICK)
    exchange_server.fault("timeout_before", path="exchangeInfo", times=None, seconds=1)
    begun = time.monotonic()
    with pytest.raises(ExchangeUnavailable):
        account.order_place(BUY)
    assert time.monotonic() - begun < config.write_seconds
    assert len(exchange_server.requests("exchangeInfo")) == 1
    assert posted(exchange_server) == []
    account.close()


def test_a_silent_exchange_is_waited_for_no_longer_than_it_is_said(
    hasty: CcxtAccount, exchange_server: Served
) -> None:
    exchange_server.fault("timeout_after", path="/api/v3/order", seconds=1)
    begun = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        hasty.order_place(BUY)
    assert time.monotonic() - begun < HASTY.write_seconds


def test_an_order_that_the_exchange_carries_out_late_is_unknown_and_then_found(
    hasty: CcxtAccount, exchange_server: Served
) -> None:
    path = "/api/v3/order"
    exchange_server.fault("slow", path=path, method="POST", seconds=0.6)
    with pytest.raises(OutcomeUnknown):
        hasty.order_place(BUY)
    with pytest.raises(VenueOrderNotFound):
        hasty.order_get("BTC/USDT", client_order_id="plx-1")
    time.sleep(0.4)
    assert hasty.order_get("BTC/USDT", client_order_id="plx-1").quantity == 0.5


def test_an_answer_that_our_own_fault_kept_from_being_read_is_unknown_too(
    exchange_server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    calls = Calls("binance", keyed(exchange_server), QUICK)

    def misread() -> None:
        calls.client.fetch_time()
        raise KeyError("ours")

    with pytest.raises(OutcomeUnknown, match="ours"):
        calls.write(misread)
    assert "was not read" in caplog.text

    def unsent() -> None:
        raise KeyError("before")

    with pytest.raises(KeyError, match="before"):
        calls.write(unsent)
    calls.close()

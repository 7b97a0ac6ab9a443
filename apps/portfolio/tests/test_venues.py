"""Who reaches an exchange: no account on paper, ever; a live one when all is as it must be."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.exchanges import registry
from apps.exchanges.account_port import OrderKind, OrderRequest, OrderSide
from apps.portfolio import live_clients, venues
from apps.portfolio.errors.accounts import (
    AccountClosed,
    ExchangeNotAllowed,
    LiveTradingOff,
    PreflightNotPassed,
)
from apps.portfolio.errors.credentials import CredentialsMissing
from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.tests.factories import live_account_make, live_settings
from apps.portfolio.tests.live import venue, venue_running
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    live_store_make,
    market_make,
    price_put,
)
from apps.portfolio.venues import account_port, trading_admit

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.exchange_server.fixtures import Served

__all__ = ("venue", "venue_running")

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whatever would open a client of an exchange, or a connection to one."""

    def trap(*args: object, **_: object) -> Any:
        msg = f"a paper account reached out: {args}"
        raise AssertionError(msg)

    for name in (
        "account_open",
        "account_open_apart",
        "exchange_open",
        "stream_open",
        "_reuse",
        "_load",
    ):
        monkeypatch.setattr(registry, name, trap)
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        # The database and Redis are not exchanges; everything else is.
        if self.family != socket.AF_UNIX and address[1] not in {5432, 6379}:
            trap(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


def test_a_paper_account_trades_without_reaching_any_exchange(
    settings: Settings,
    venue_running: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    live_settings(settings, venue_running)
    live_store_make(settings, tmp_path)
    asked = len(venue_running.requests())
    account = account_make()
    market_make()
    price_put("binance", "BTC/USDT", 100, 101)
    deposit(account, "USDT", 1000)
    request.getfixturevalue("no_exchange")
    now = timezone.now()
    trading_admit(account=account, now=now)
    port = account_port(account, now=now)
    port.order_place(
        OrderRequest(
            client_order_id="plx-1",
            symbol="BTC/USDT",
            side=OrderSide.BUY,
            kind=OrderKind.LIMIT,
            quantity=Decimal("0.5"),
            price=Decimal(90),
        )
    )
    assert [each.client_order_id for each in port.orders_open()] == ["plx-1"]
    port.order_cancel("BTC/USDT", client_order_id="plx-1")
    assert {each.currency for each in port.balances()} == {"USDT"}
    assert port.keys_check().read
    port.close()
    monkeypatch.undo()
    assert len(venue_running.requests()) == asked


def test_even_a_paper_account_with_keys_in_its_row_reaches_none(
    settings: Settings, no_exchange: None
) -> None:
    live_settings(settings)
    account = live_account_make()
    account.mode = "paper"
    account.save()
    port = account_port(account, now=timezone.now())
    assert type(port).__name__ == "PaperVenue"


def test_the_way_of_paper_accounts_imports_nothing_that_reaches_an_exchange() -> None:
    tree = ast.parse(Path(venues.__file__).read_text())
    at_once = [one.module or "" for one in tree.body if isinstance(one, ast.ImportFrom)]
    assert not [
        one
        for one in at_once
        if one.startswith(("apps.exchanges", "apps.market")) or "live_clients" in one
    ]
    code = (
        "import sys, django; django.setup();"
        "import apps.portfolio.venues, apps.portfolio.paper.venue;"
        "print(*(n for n in ('ccxt', 'apps.portfolio.live_clients', "
        "'apps.exchanges.adapters.ccxt.account') if n in sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_admitting_a_paper_account_asks_no_database(
    django_assert_num_queries: Any,
) -> None:
    account = account_make()
    with django_assert_num_queries(0):
        trading_admit(account=account, now=timezone.now())
    account.closed_at = timezone.now()
    with pytest.raises(AccountClosed):
        trading_admit(account=account, now=timezone.now())


def test_a_live_account_that_has_all_it_needs_is_admitted_in_two_queries(
    settings: Settings, django_assert_num_queries: Any
) -> None:
    live_settings(settings)
    account = live_account_make()
    with django_assert_num_queries(2):
        trading_admit(account=account, now=timezone.now())


def test_a_live_account_is_refused_for_each_thing_that_it_lacks(
    settings: Settings,
) -> None:
    live_settings(settings)
    account = live_account_make()
    now = timezone.now()

    def refused(error: type[Exception], match: str) -> None:
        with pytest.raises(error, match=match):
            trading_admit(account=account, now=now)

    settings.EXCHANGES_ALLOWED = ("kraken",)
    refused(ExchangeNotAllowed, "leaves binance out")
    settings.EXCHANGES_ALLOWED = ()
    settings.LIVE_TRADING = False
    refused(LiveTradingOff, "LIVE_TRADING is off")
    settings.LIVE_TRADING = True
    preflight = AccountPreflight.objects.get(account=account)
    now = preflight.created_at + timedelta(seconds=settings.PREFLIGHT_VALID_SECONDS)
    refused(PreflightNotPassed, "s old")
    now = preflight.created_at
    AccountPreflight.objects.update(void_at=now)
    refused(PreflightNotPassed, "keys have changed")
    AccountPreflight.objects.update(void_at=None, passed=False)
    refused(PreflightNotPassed, "must be mended")
    AccountPreflight.objects.update(passed=True)
    trading_admit(account=account, now=now)
    AccountPreflight.objects.create(account=account, passed=False, findings=[])
    refused(PreflightNotPassed, "must be mended")
    AccountPreflight.objects.all().delete()
    refused(PreflightNotPassed, "never been")
    Credential.objects.all().delete()
    refused(CredentialsMissing, "has no keys")
    account.closed_at = now
    refused(AccountClosed, "was closed")


def test_a_live_account_is_asked_through_its_own_keys(venue: Served) -> None:
    port = account_port(live_account_make(), now=timezone.now())
    assert port.exchange == "binance"
    assert {each.currency for each in port.balances()} >= {"BTC", "USDT"}


def test_with_live_trading_off_what_rests_is_read_and_cancelled_and_nothing_placed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_settings(settings)
    account = live_account_make()
    now = timezone.now()
    asked: list[str] = []

    class Port:
        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: asked.append(name)

    monkeypatch.setattr(live_clients, "live_port", lambda *_, **__: Port())
    request = OrderRequest("x", "BTC/USDT", OrderSide.BUY, OrderKind.MARKET, Decimal(1))
    settings.LIVE_TRADING = False
    port = account_port(account, now=now)
    port.orders_open()
    port.order_cancel("BTC/USDT", order_id="1")
    with pytest.raises(LiveTradingOff):
        port.order_place(request)
    assert asked == ["orders_open", "order_cancel"]
    settings.LIVE_TRADING = True
    account_port(account, now=now).order_place(request)
    assert asked[-1] == "order_place"
    settings.LIVE_TRADING = False
    Credential.objects.all().delete()
    with pytest.raises(LiveTradingOff):
        account_port(account, now=now)

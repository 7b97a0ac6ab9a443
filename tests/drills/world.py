"""Somebody with a live account at the exchange, and how they trade with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection
from django.utils import timezone

from apps.core.exact import plain
from apps.exchanges.account_port import OrderKind, OrderSide
from apps.exchanges.registry import exchanges_close
from apps.market.services.venues import markets_refresh
from apps.portfolio.services.accounts import account_create
from apps.portfolio.services.credentials import credentials_set
from apps.portfolio.services.paper import paper_deposit
from apps.portfolio.services.preflight import account_preflight
from apps.risk.services.limits import limits_put
from apps.stream.latest import latest_store
from apps.trading.contracts import PlaceRequest
from apps.trading.enums import ReconciliationTrigger
from apps.trading.services.placing import order_place
from apps.trading.services.reconciling import account_reconcile
from apps.users.models import User
from apps.users.services import token_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.portfolio.models import Account
    from apps.trading.models import Order, Reconciliation
    from tests.exchange_server.fixtures import Served

KEY, SECRET = "loopback-key", "loopback-secret"
# A live account has to have some; in the way of no drill but that of limits.
WIDE_LIMITS = {
    "max_order_notional": "1000000000",
    "max_daily_loss": "1000000000",
    "price_collar": "0.5",
}
MARKETS = {
    "BTC/USDT": "50000",
    "ETH/USDT": "2500",
    "BNB/USDT": "500",
    "XRP/USDT": "2",
}


@dataclass(frozen=True, slots=True)
class World:
    """Who trades, with which account, at which exchange."""

    user: User
    account: Account
    served: Served

    def reconcile(self) -> Reconciliation:
        """Compare the account with the exchange."""
        return account_reconcile(
            account=self.account,
            trigger=ReconciliationTrigger.DEMAND,
            now=timezone.now(),
        )

    def place(self, request: PlaceRequest, *, key: str | None = None) -> Order:
        """Place an order, as a request with an Idempotency-Key does."""
        return order_place(
            actor=self.user,
            account_id=self.account.pk,
            request=request,
            now=timezone.now(),
            request_key=key,
        )


def request_of(
    symbol: str = "BTC/USDT",
    side: str = "buy",
    quantity: str = "0.001",
    price: str | None = None,
    **more: Any,
) -> PlaceRequest:
    """Return an order: at market, or with a limit where a price is given."""
    limit = None if price is None else Decimal(price)
    return PlaceRequest(
        symbol=symbol,
        side=OrderSide(side),
        kind=OrderKind.LIMIT if limit is not None else OrderKind.MARKET,
        quantity=Decimal(quantity),
        price=limit,
        **more,
    )


def price_put(symbol: str, price: str) -> None:
    """Write a market's latest price, as the feed would."""
    middle = Decimal(price)
    now = f"{timezone.now():%Y-%m-%dT%H:%M:%S.%f}Z"
    ticker = {
        "symbol": symbol,
        "last": plain(middle),
        "bid": plain(middle - Decimal("0.01")),
        "ask": plain(middle + Decimal("0.01")),
        "bid_quantity": "1000",
        "ask_quantity": "1000",
        "base_volume": "1000",
        "venue_time": None,
        "received_at": now,
    }
    write = latest_store().write("tickers:binance", {symbol: orjson.dumps(ticker)})
    asyncio.run(write)


def prices_put(served: Served) -> None:
    """Give every market of a drill its price, at the exchange and in the feed's place."""
    for symbol, price in MARKETS.items():
        served.price_set(symbol.replace("/", ""), price)
        price_put(symbol, price)


def world_make(served: Served, *, mode: str = "live", name: str = "drill") -> World:
    """Make a user with an account that may trade, through the services."""
    markets_refresh(exchange="binance", now=timezone.now())
    prices_put(served)
    user, _ = User.objects.get_or_create(username=f"{name}er")
    now = timezone.now()
    account = account_create(
        actor=user, name=name, mode=mode, exchange="binance", currency="USDT", now=now
    )
    made = World(user, account, served)
    limits_put(
        actor=user, account_id=account.pk, rules=WIDE_LIMITS, expected=None, now=now
    )
    if mode == "live":
        credentials_set(
            actor=user,
            account_id=account.pk,
            api_key=KEY,
            secret=SECRET,
            password=None,
            now=now,
        )
        made.reconcile()
        found = account_preflight(actor=user, account_id=account.pk, now=now)
        if not found.passed:
            msg = f"the account may not trade: {found.findings}"
            raise SystemExit(msg)
    return made


def fork_begin(work: Any, *arguments: Any) -> int:
    """Begin a function in a fork of this process; returns the child's id.

    The child has connections of its own, to the database and to the exchange. It ends
    without cleaning up: what it was killed in is not to be mended by its parent's code.
    """
    # The parent's connection must not be shared, nor closed by the child.
    connection.close()
    exchanges_close()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(*arguments)
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stderr.flush()
            os._exit(status)
    return child


def forked(work: Any, *arguments: Any) -> int:
    """Run a function in a fork of this process; returns the child's exit status."""
    _, status = os.waitpid(fork_begin(work, *arguments), 0)
    return os.waitstatus_to_exitcode(status)


def paper_money_put(world: World) -> None:
    """Give an account on paper ten million USDT."""
    paper_deposit(
        actor=world.user,
        account_id=world.account.pk,
        currency="USDT",
        amount=Decimal(10_000_000),
        now=timezone.now(),
    )


def order_body(world: World) -> dict[str, str]:
    """Return the body of a POST: an order that rests far below the price."""
    return {
        "account": str(world.account.pk),
        "symbol": "BTC/USDT",
        "side": "buy",
        "kind": "limit",
        "quantity": "0.001",
        "price": "45000",
    }


def headers_of(user: User) -> dict[str, str]:
    """Return the headers of a request that a person makes."""
    return {"Authorization": f"Token {token_issue(user=user)}"}


def die() -> None:
    """End this process as a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


@contextmanager
def prices_kept() -> Iterator[None]:
    """Write the prices again and again while the block lasts, as a feed does."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(1.0):
            for symbol, price in MARKETS.items():
                price_put(symbol, price)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

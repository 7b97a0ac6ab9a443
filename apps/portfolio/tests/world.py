"""A small world for tests of money: people, accounts, markets, prices and deposits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
from django.db import transaction
from django.utils import timezone

from apps.core.exact import exact, plain
from apps.market.models import VenueMarket
from apps.portfolio.models import Account, PaperBalance, Position
from apps.portfolio.services.posting import deposit_post
from apps.stream.latest import latest_store
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_django import Settings

    from apps.stream.latest import LatestStore
    from apps.users.models import User

    type Number = str | int | Decimal
    type Levels = Sequence[tuple[Number, Number]]

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
_NUMBERS = count(1)
# How much there is at the best price where a test names no book.
DEEP = Decimal(1_000_000)


def user_make() -> User:
    """Return a new person."""
    made: User = UserFactory.create()
    return made


def account_make(
    owner: User | None = None,
    mode: str = "paper",
    exchange: str = "binance",
    currency: str = "USDT",
    **fields: Any,
) -> Account:
    """Return a new account; of a new person where none is named."""
    fields.setdefault("name", f"account {next(_NUMBERS)}")
    return Account.objects.create(
        owner=owner or user_make(),
        mode=mode,
        exchange=exchange,
        currency=currency,
        **fields,
    )


def market_make(
    exchange: str = "binance",
    symbol: str = "BTC/USDT",
    tick: Number = "0.01",
    step: Number = "0.00001",
    min_quantity: Number = "0.00001",
    min_notional: Number = 5,
    **fields: Any,
) -> VenueMarket:
    """Return a spot market as the exchange would list it, instead of any before it."""
    base, _, quote = symbol.partition("/")
    rules = {
        "base": base,
        "quote": quote,
        "kind": "spot",
        "active": True,
        "price_tick": Decimal(tick),
        "quantity_step": Decimal(step),
        "min_quantity": Decimal(min_quantity),
        "min_notional": Decimal(min_notional),
        "seen_at": timezone.now(),
    }
    made, _ = VenueMarket.objects.update_or_create(
        exchange=exchange, symbol=symbol, defaults=rules | fields
    )
    return made


def live_store_make(settings: Settings, tmp_path: Path) -> LatestStore:
    """Return where live prices are, a place of the test's own with nothing in it."""
    settings.CACHE_DIR = tmp_path / "cache"
    store = latest_store()
    for kind in ("tickers", "books", "trades"):
        for exchange in ("binance", "kraken"):
            store.forget(f"{kind}:{exchange}")
    return store


def price_put(
    exchange: str,
    symbol: str,
    bid: Number,
    ask: Number,
    last: Number | None = None,
    at: datetime | None = None,
    book: Mapping[str, Levels] | None = None,
) -> None:
    """Write the latest ticker and order book of a market, as `run_streams` would.

    Args:
        exchange: Its id.
        symbol: The market.
        bid: The best price that is bid.
        ask: The best price that is asked.
        last: Of the last trade; None for the middle.
        at: When both were received; None for now.
        book: `bids` and `asks`, best first, each price and quantity; None for a
            million units at the best prices.
    """
    best_bid, best_ask = Decimal(bid), Decimal(ask)
    levels = book or {"bids": [(best_bid, DEEP)], "asks": [(best_ask, DEEP)]}
    received = (at or timezone.now()).astimezone(UTC)
    common = {
        "symbol": symbol,
        "venue_time": None,
        "received_at": f"{received:%Y-%m-%dT%H:%M:%S.%f}Z",
    }
    ticker = common | {
        "last": plain(Decimal(last) if last is not None else (best_bid + best_ask) / 2),
        "bid": plain(best_bid),
        "ask": plain(best_ask),
        "bid_quantity": _quantity(levels["bids"]),
        "ask_quantity": _quantity(levels["asks"]),
        "base_volume": "1000",
    }
    told = common | {
        "bids": _levels(levels["bids"]),
        "asks": _levels(levels["asks"]),
        "sequence": None,
        "resyncs": 0,
    }
    _write(f"tickers:{exchange}", symbol, ticker)
    _write(f"books:{exchange}", symbol, told)


def price_forget(exchange: str) -> None:
    """Throw away the latest tickers and books of an exchange."""
    for kind in ("tickers", "books"):
        latest_store().forget(f"{kind}:{exchange}")


@transaction.atomic
def deposit(
    account: Account, currency: str, amount: Number, now: datetime | None = None
) -> None:
    """Put money into an account: into the ledger, and on paper into the venue's books."""
    at = now or timezone.now()
    value = exact(Decimal(amount))
    deposit_post(
        account=account,
        currency=currency,
        amount=value,
        cause="test",
        cause_id=f"deposit {next(_NUMBERS)}",
        at=at,
        now=at,
    )
    if account.mode == "paper":
        held, _ = PaperBalance.objects.get_or_create(account=account, currency=currency)
        held.free = exact(Decimal(held.free) + value)
        held.save(update_fields=["free"])


def _quantity(levels: Levels) -> str | None:
    return plain(Decimal(levels[0][1])) if levels else None


def _levels(levels: Levels) -> list[tuple[str, str]]:
    return [(plain(Decimal(price)), plain(Decimal(size))) for price, size in levels]


def _write(channel: str, symbol: str, body: dict[str, Any]) -> None:
    asyncio.run(latest_store().write(channel, {symbol: orjson.dumps(body)}))


def position_quantity(account: Account, symbol: str) -> Decimal:
    """Return what trading left of a market, base units; below zero where it is short."""
    rows = Position.objects.filter(account_id=account.pk, symbol=symbol)
    found = rows.values_list("quantity", flat=True).first()
    return Decimal(0) if found is None else found

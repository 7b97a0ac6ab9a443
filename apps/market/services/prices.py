"""Have prices held fresh, and wait a moment for the first of them.

A web process never calls an exchange: it writes down what is wanted, which `run_streams`
reads, and takes what that process has written.
"""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from django.core.cache import caches

from apps.core.errors import ApplicationError
from apps.core.long_answers import connection_release
from apps.market.enums import LiveKind
from apps.market.errors.venues import PriceNotLive, StatusNotLive
from apps.market.exchanges import exchange_config
from apps.market.selectors.prices import live_read, status_list, streams_run
from apps.market.selectors.venues import symbols_unknown
from apps.market.services.demand import demand_want

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.market.errors.live import LiveSymbolsTooMany
    from apps.market.selectors.prices import Live

# What somebody asks for is held fresh for so long after the last call.
WANTED_SECONDS = 60
# Not each call writes that down: within this time it is known to be.
_KNOWN_SECONDS = 20
# The first call for a market waits so long at the most; so many do at once in a process,
# each with a thread of its own, and others are told to come back.
LONGEST_WAIT = 2.0
MOST_WAITING = 8
_LOOK_EVERY = 0.05
_seats = BoundedSemaphore(MOST_WAITING)


def live_get(*, exchange: str, kind: str, symbol: str, now: datetime) -> Live:
    """Return the latest of one market, and have it held fresh.

    Args:
        exchange: Its id.
        kind: `tickers`, `books` or `trades`.
        symbol: A market of it.
        now: The moment of the call, UTC.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        SymbolUnknown: The exchange lists no such market.
        PriceNotLive: There is nothing yet; says what to do.
        LiveSymbolsTooMany: There is nothing, and no room to have it held fresh.
        LiveUnavailable: Where the latest is kept does not answer.
    """
    found = live_list(exchange=exchange, kind=kind, symbols=[symbol], now=now)[symbol]
    if isinstance(found, ApplicationError):
        raise found
    return found


def live_list(
    *, exchange: str, kind: str, symbols: Sequence[str], now: datetime
) -> dict[str, Live | ApplicationError]:
    """Return the latest of several markets of an exchange, and have them held fresh.

    Args:
        exchange: Its id.
        kind: `tickers`, `books` or `trades`.
        symbols: Markets of it.
        now: The moment of the call, UTC.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        LiveUnavailable: Where the latest is kept does not answer.

    Returns:
        By symbol the latest, or why there is none: SymbolUnknown, PriceNotLive or
        LiveSymbolsTooMany. What has no room is answered as it was written last.
    """
    exchange_config(exchange)
    found = live_read(kind=kind, exchange=exchange, symbols=symbols, now=now)
    unheard = [one for one in symbols if one not in found]
    wrong = symbols_unknown(exchange=exchange, symbols=unheard) if unheard else {}
    listed = [one for one in symbols if one not in wrong]
    first, full = _want(exchange, kind, listed, now)
    # What is old was asked for before; it is as good as not there yet.
    awaited = [one for one in first if one not in found or found[one].stale]
    runs = bool(awaited) and streams_run(now=now)
    if runs:
        found |= _wait(exchange, kind, awaited, now)
    answers: dict[str, Live | ApplicationError] = {**wrong, **full, **found}
    missing = [one for one in symbols if one not in answers]
    if missing:
        runs = runs or streams_run(now=now)
        told = status_list(now=now).get(exchange)
        for one in missing:
            answers[one] = _not_live(exchange, one, runs=runs, told=told)
    return answers


def status_get(*, exchange: str, now: datetime) -> Live:
    """Return how an exchange is, and have it watched.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        StatusNotLive: Nobody has watched it yet; says what to do.
        LiveUnavailable: Where the latest is kept does not answer.
    """
    exchange_config(exchange)
    told = status_list(now=now)
    _want(exchange, LiveKind.STATUS, [""], now)
    if exchange in told:
        return told[exchange]
    asked = f"{exchange} is being asked how it is"
    if streams_run(now=now):
        msg = f"{asked}; try again in a few seconds."
    else:
        msg = f"{asked}, but nobody watches exchanges: start `manage.py run_streams`."
    raise StatusNotLive(msg, attr="exchange")


def _want(
    exchange: str, kind: str, symbols: Sequence[str], now: datetime
) -> tuple[list[str], dict[str, LiveSymbolsTooMany]]:
    """Write down what is wanted.

    Returns:
        What was not known to be, and what there is no room for.
    """
    known = caches["local"]
    keys = {_key(exchange, kind, one): one for one in symbols}
    new = {key: keys[key] for key in keys.keys() - known.get_many(keys).keys()}
    full: dict[str, LiveSymbolsTooMany] = {}
    if new:
        full = demand_want(
            exchange=exchange,
            kind=kind,
            symbols=sorted(new.values()),
            now=now,
            seconds=WANTED_SECONDS,
        )
        new = {key: symbol for key, symbol in new.items() if symbol not in full}
        known.set_many(dict.fromkeys(new, True), timeout=_KNOWN_SECONDS)
    return sorted(new.values()), full


def _wait(
    exchange: str, kind: str, symbols: Sequence[str], now: datetime
) -> dict[str, Live]:
    """Return what has come within the wait; nothing where too many wait already."""
    if not _seats.acquire(blocking=False):
        return {}
    try:
        connection_release()
        begun = time.monotonic()
        while True:
            waited = time.monotonic() - begun
            then = now + timedelta(seconds=waited)
            found = live_read(kind=kind, exchange=exchange, symbols=symbols, now=then)
            fresh = [one for one in found.values() if not one.stale]
            if len(fresh) == len(symbols) or waited > LONGEST_WAIT:
                return found
            _nap(_LOOK_EVERY)
    finally:
        _seats.release()


def _nap(seconds: float) -> None:
    time.sleep(seconds)


def _key(exchange: str, kind: str, symbol: str) -> str:
    # A symbol may be longer than a key, and have characters that a key must not.
    digest = hashlib.sha256(f"{kind}:{exchange}:{symbol}".encode()).hexdigest()
    return f"live-wanted:{digest}"


def _not_live(
    exchange: str, symbol: str, *, runs: bool, told: Live | None
) -> PriceNotLive:
    """Return why there is no price, and what to do."""
    asked = f"{symbol} of {exchange} is being asked for now"
    trouble = _trouble(symbol, told)
    if not runs:
        msg = (
            f"{asked}, but nothing holds prices fresh: start `manage.py run_streams`, "
            "and try again."
        )
    elif trouble:
        msg = f"{asked}, but {exchange} says: {trouble}"
    else:
        msg = f"{asked}; try again in a few seconds."
    return PriceNotLive(msg, attr="symbol")


def _trouble(symbol: str, told: Live | None) -> str:
    """Return what keeps an exchange from telling a price; empty: nothing known."""
    if told is None or told.age_seconds > _KNOWN_SECONDS:
        return ""
    feed = told.body.get("feed")
    refused = feed.get("refused", {}) if isinstance(feed, dict) else {}
    return str(refused.get(symbol) or told.body.get("message") or "")

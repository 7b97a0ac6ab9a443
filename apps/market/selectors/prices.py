"""Reads of what is held fresh: tickers, order books, trades, and how exchanges are.

Another process writes it, and it may have stopped: every answer has its age.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.stream.latest import latest_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

logger = logging.getLogger(__name__)

STATUS_CHANNEL = "status:exchanges"
# Each process that holds prices fresh says every few seconds that it lives.
_FEED_TOPIC = "status:feed:feed"
_ALIVE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Live:
    """Something that is held fresh, and how old it is.

    Attributes:
        body: As it was written, with `age_seconds` and `stale`.
        age_seconds: Since it was received.
        stale: Whether that is longer than LIVE_STALE_SECONDS.
    """

    body: dict[str, Any]
    age_seconds: float
    stale: bool


def live_read(
    *, kind: str, exchange: str, symbols: Sequence[str], now: datetime
) -> dict[str, Live]:
    """Return the latest of some markets of an exchange, as far as there is any.

    Args:
        kind: `tickers`, `books` or `trades`.
        exchange: Its id.
        symbols: Markets of it.
        now: The moment, UTC, for the ages.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    read = _read(kind, [(exchange, symbol) for symbol in symbols], now)
    return {symbol: one for (_, symbol), one in read.items()}


def kinds_read(
    *, kinds: Sequence[str], exchange: str, symbols: Sequence[str], now: datetime
) -> dict[str, dict[str, Live]]:
    """Return the latest of several kinds of some markets of an exchange, in one read.

    Args:
        kinds: Each as of `live_read`.
        exchange: The exchange's id.
        symbols: Markets of it.
        now: The moment, UTC, for the ages.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.

    Returns:
        By kind and symbol, as far as there is any.
    """
    topics = {
        (kind, symbol): f"{kind}:{exchange}:{symbol}"
        for kind in kinds
        for symbol in symbols
    }
    found = latest_store().read(list(topics.values()))
    read: dict[str, dict[str, Live]] = {kind: {} for kind in kinds}
    for (kind, symbol), topic in topics.items():
        one = _of(exchange, found.get(topic), now)
        if one is not None:
            read[kind][symbol] = one
    return read


def tickers_of(
    *, markets: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], Live]:
    """Return the latest tickers of markets of several exchanges, in one read.

    Args:
        markets: Exchange and symbol of each.
        now: The moment, UTC, for the ages.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    return _read("tickers", markets, now)


def status_list(*, now: datetime) -> dict[str, Live]:
    """Return how exchanges are, as `run_streams` told it last, by id.

    Args:
        now: The moment, UTC, for the ages.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    told = latest_store().read_channel(STATUS_CHANNEL)
    read = {exchange: _parsed(raw, now, "at") for exchange, raw in told.items()}
    return {exchange: one for exchange, one in read.items() if one is not None}


def streams_run(*, now: datetime) -> bool:
    """Return whether prices are being held fresh at the moment.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    told = latest_store().read([_FEED_TOPIC])
    lives = _parsed(told.get(_FEED_TOPIC), now, "at")
    return lives is not None and lives.age_seconds < _ALIVE_SECONDS


def _read(
    kind: str, markets: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], Live]:
    topics = {
        f"{kind}:{exchange}:{symbol}": (exchange, symbol)
        for exchange, symbol in markets
    }
    found = latest_store().read(list(topics))
    read: dict[tuple[str, str], Live] = {}
    for topic, (exchange, symbol) in topics.items():
        one = _of(exchange, found.get(topic), now)
        if one is not None:
            read[exchange, symbol] = one
    return read


def _of(exchange: str, raw: bytes | None, now: datetime) -> Live | None:
    """Return what was written of a market of an exchange, as `_parsed` does."""
    one = _parsed(raw, now)
    if one is None:
        return None
    return Live({"exchange": exchange, **one.body}, one.age_seconds, one.stale)


def _parsed(
    raw: bytes | None, now: datetime, moment: str = "received_at"
) -> Live | None:
    """Return what was written; None where it is nothing that can be read."""
    if raw is None:
        return None
    try:
        body = json.loads(raw)
        received = datetime.fromisoformat(body[moment])
        age = max(0.0, (now - received).total_seconds())
    except (ValueError, TypeError, KeyError) as error:
        logger.warning(
            "what is held fresh and cannot be read is passed over: %s", error
        )
        return None
    stale = age > settings.LIVE_STALE_SECONDS
    return Live({**body, "age_seconds": round(age, 3), "stale": stale}, age, stale)

"""The latest prices for whoever would trade on them: fresh, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from apps.market.errors.live import PriceStale
from apps.market.selectors.prices import live_read

if TYPE_CHECKING:
    from datetime import datetime

    from apps.market.selectors.prices import Live


def ticker_latest(*, exchange: str, symbol: str, now: datetime) -> Live | None:
    """Return the latest ticker of a market and its age; None where there is none.

    Args:
        exchange: Its id.
        symbol: A market of it.
        now: The moment, UTC, for the age.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    found = live_read(kind="tickers", exchange=exchange, symbols=[symbol], now=now)
    return found.get(symbol)


def book_latest(*, exchange: str, symbol: str, now: datetime) -> Live | None:
    """Return the latest order book of a market and its age; None where there is none.

    Args:
        exchange: Its id.
        symbol: A market of it.
        now: The moment, UTC, for the age.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    found = live_read(kind="books", exchange=exchange, symbols=[symbol], now=now)
    return found.get(symbol)


def ticker_fresh(
    *, exchange: str, symbol: str, now: datetime, limit_seconds: float | None = None
) -> Live:
    """Return the latest ticker of a market, if it may be traded on.

    Args:
        exchange: Its id.
        symbol: A market of it.
        now: The moment, UTC, for the age.
        limit_seconds: How old it may be; None for LIVE_STALE_SECONDS.

    Raises:
        PriceStale: It is older, or there is none; tells its age and the limit.
        LiveUnavailable: Where the latest is kept does not answer.
    """
    found = ticker_latest(exchange=exchange, symbol=symbol, now=now)
    return _fresh(found, f"ticker of {symbol} at {exchange}", limit_seconds)


def book_fresh(
    *, exchange: str, symbol: str, now: datetime, limit_seconds: float | None = None
) -> Live:
    """Return the latest order book of a market, if it may be traded on.

    Args:
        exchange: Its id.
        symbol: A market of it.
        now: The moment, UTC, for the age.
        limit_seconds: How old it may be; None for LIVE_STALE_SECONDS.

    Raises:
        PriceStale: It is older, or there is none; tells its age and the limit.
        LiveUnavailable: Where the latest is kept does not answer.
    """
    found = book_latest(exchange=exchange, symbol=symbol, now=now)
    return _fresh(found, f"order book of {symbol} at {exchange}", limit_seconds)


def _fresh(found: Live | None, what: str, limit_seconds: float | None) -> Live:
    limit = settings.LIVE_STALE_SECONDS if limit_seconds is None else limit_seconds
    if found is not None and found.age_seconds <= limit:
        return found
    if found is None:
        msg = f"There is no {what}; it may be at most {limit:g} s old to trade on."
    else:
        msg = (
            f"The {what} is {found.age_seconds:.1f} s old; it may be at most {limit:g} s "
            "old to trade on."
        )
    error = PriceStale(msg, attr="symbol")
    error.age_seconds = found.age_seconds if found else None
    error.limit_seconds = limit
    raise error

"""How an exchange and what is held fresh of it are, for every other process to read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson

from apps.core.errors import ApplicationError
from apps.exchanges.ports import ExchangeStatus
from apps.market.enums import LiveKind
from apps.market.live.encoding import moment

if TYPE_CHECKING:
    from apps.market.live.exchange_feed import ExchangeFeed
    from apps.market.live.publishing import Publisher

STATUS_CHANNEL = "status:exchanges"
FEED_CHANNEL = "status:feed"
_KINDS = (LiveKind.TICKERS, LiveKind.BOOKS, LiveKind.TRADES)
# Of so many symbols it is told why they are not held fresh.
_REFUSED_TOLD = 20


async def exchange_status(feed: ExchangeFeed) -> ExchangeStatus:
    """Ask an exchange how it is; an outage is an answer."""
    try:
        return await feed.ask_status()
    except ApplicationError as error:
        return ExchangeStatus(
            reachable=False,
            latency_seconds=None,
            clock_skew_seconds=None,
            circuit="closed",
            message=error.message,
        )


def status_encode(
    feed: ExchangeFeed,
    status: ExchangeStatus,
    publisher: Publisher,
    *,
    holder: str,
    left_out: int,
) -> bytes:
    """Return the body of one exchange on `status:exchanges`.

    Args:
        feed: What is held fresh of it.
        status: How it answered.
        publisher: What was written.
        holder: The process that tells.
        left_out: Symbols over LIVE_SYMBOLS_PER_EXCHANGE.
    """
    now = time.time_ns()
    told = {
        "exchange": feed.exchange,
        "reachable": status.reachable,
        "latency_seconds": _rounded(status.latency_seconds),
        "clock_skew_seconds": _rounded(status.clock_skew_seconds),
        "circuit": status.circuit,
        "message": status.message,
        "at": moment(now),
        "feed": {
            "holder": holder,
            "channels": {kind.value: _channel(feed, kind, now) for kind in _KINDS},
            **_totals(feed, publisher),
            "refused": {
                symbol: message
                for symbol, (message, _) in list(feed.refused.items())[:_REFUSED_TOLD]
            },
            "left_out": left_out,
        },
    }
    return orjson.dumps(told)


def _channel(feed: ExchangeFeed, kind: LiveKind, now: int) -> dict[str, Any]:
    """Return how old what is wanted of a kind is, and what its streams say."""
    symbols = feed.wanted(kind)
    times = {one: feed.inbox.received.get((kind, one)) for one in symbols}
    known = {symbol: at for symbol, at in times.items() if at is not None}
    oldest = min(known, key=lambda one: known[one], default=None)
    open_ = [
        state
        for (of, _), state in (feed.streams.channels() if feed.streams else {}).items()
        if of == kind.value
    ]
    return {
        "wanted": len(symbols),
        "known": len(known),
        "oldest": oldest,
        "oldest_received_at": moment(known[oldest]) if oldest is not None else None,
        "oldest_seconds": _rounded((now - known[oldest]) / 1e9) if oldest else None,
        "polled": kind in feed.polled,
        "reconnects": sum(state.reconnects for state in open_),
        "resyncs": sum(state.resyncs for state in open_),
        "messages": sorted({state.message for state in open_ if state.message})[:5],
    }


def _totals(feed: ExchangeFeed, publisher: Publisher) -> dict[str, Any]:
    counts = feed.streams.counts() if feed.streams else {}
    channels = [f"{kind.value}:{feed.exchange}" for kind in _KINDS]
    latencies = publisher.latencies()
    return {
        "messages": counts.get("messages", 0),
        "unreadable": counts.get("unreadable", 0),
        "dropped": counts.get("dropped", 0),
        "reconnects": counts.get("reconnects", 0),
        "resyncs": counts.get("resyncs", 0),
        "received": sum(publisher.received[one] for one in channels),
        "published": sum(publisher.published[one] for one in channels),
        "publishing_p50_seconds": _rounded(latencies[0]) if latencies else None,
        "publishing_p99_seconds": _rounded(latencies[1]) if latencies else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)

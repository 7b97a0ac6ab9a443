"""Reads of what is to be held fresh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from apps.market.enums import LiveKind, RecordingState
from apps.market.models import LiveDemand, Recording, WatchlistItem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

RUNNING = (RecordingState.WAITING, RecordingState.RECORDING)


@dataclass(frozen=True, slots=True)
class RecordingWanted:
    """A recording that is to run now.

    Attributes:
        id: Of its row.
        symbol: The market.
        until: When it ends.
    """

    id: UUID
    symbol: str
    until: datetime


@dataclass(slots=True)
class Wanted:
    """What is to be held fresh of one exchange.

    Attributes:
        tickers: Symbols, those that matter most first.
        books: Likewise.
        trades: Likewise.
        recordings: What is to be written down.
        left_out: Symbols over the limit, which nobody holds fresh.
    """

    tickers: list[str] = field(default_factory=list)
    books: list[str] = field(default_factory=list)
    trades: list[str] = field(default_factory=list)
    recordings: list[RecordingWanted] = field(default_factory=list)
    left_out: int = 0

    def channel(self, kind: LiveKind) -> list[str]:
        """Return the symbols of a kind."""
        found: list[str] = getattr(self, kind.value)
        return found


def wanted_read(*, now: datetime) -> dict[str, Wanted]:
    """Return what is to be held fresh, by exchange.

    Recordings come first, then what was asked for, then watchlists; what is over
    LIVE_SYMBOLS_PER_EXCHANGE is left out and counted.

    Args:
        now: The moment, UTC; a recording whose time is over is returned too, so that it
            is ended.
    """
    found: dict[str, Wanted] = {}
    for one in Recording.objects.filter(state__in=RUNNING).order_by("created_at", "id"):
        wanted = found.setdefault(one.exchange, Wanted())
        wanted.recordings.append(RecordingWanted(one.pk, one.symbol, one.until))
        if one.until > now:
            _add(wanted, LiveKind.BOOKS, [one.symbol])
            _add(wanted, LiveKind.TRADES, [one.symbol])
    demands = LiveDemand.objects.filter(until__gt=now).order_by("id")
    for exchange, kind, symbol in demands.values_list("exchange", "kind", "symbol"):
        wanted = found.setdefault(exchange, Wanted())
        if kind != LiveKind.STATUS:
            _add(wanted, LiveKind(kind), [symbol])
    watched = WatchlistItem.objects.order_by("exchange", "symbol")
    for exchange, symbol in watched.values_list("exchange", "symbol").distinct():
        _add(found.setdefault(exchange, Wanted()), LiveKind.TICKERS, [symbol])
    return found


def _add(wanted: Wanted, kind: LiveKind, symbols: Iterable[str]) -> None:
    known = wanted.channel(kind)
    for symbol in symbols:
        if symbol in known:
            continue
        if len(known) >= settings.LIVE_SYMBOLS_PER_EXCHANGE:
            wanted.left_out += 1
        else:
            known.append(symbol)

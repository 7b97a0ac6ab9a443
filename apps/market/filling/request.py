"""What a caller asks to be fetched or resampled, checked, and as JSON for the job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from apps.market.enums import Timeframe
from apps.market.errors import RangeInvalid, SymbolInvalid
from apps.market.moments import datetime_from_ns, iso_from_ns, ns_from_datetime
from apps.market.requests import symbol_parse, venue_parse

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SYMBOLS = 200
# No exchange is older than Bitcoin.
EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)


def range_check(start: datetime, end: datetime | None, now: datetime) -> None:
    """Refuse a range in which there can be no bars.

    Args:
        start: The first moment, inclusive, aware.
        end: Exclusive; None: up to now.
        now: The moment of the request.

    Raises:
        RangeInvalid: It begins before 2009 or in the future, ends in the future, or is
            turned round.
    """
    shown = iso_from_ns(ns_from_datetime(now.replace(microsecond=0)))
    if start < EARLIEST:
        msg = f"The range starts at {start:%Y-%m-%d}; give a start from 2009-01-01 on."
        raise RangeInvalid(msg, attr="start")
    if end is not None and end > now:
        msg = (
            f"The range ends at {iso_from_ns(ns_from_datetime(end))}, which is in the "
            f"future; it is {shown} now. Leave `end` out for all that is there."
        )
        raise RangeInvalid(msg, attr="end")
    if start >= now:
        msg = (
            f"The range starts at {iso_from_ns(ns_from_datetime(start))}, which is in "
            f"the future; it is {shown} now."
        )
        raise RangeInvalid(msg, attr="start")
    if end is not None and end <= start:
        msg = (
            f"The range ends at {iso_from_ns(ns_from_datetime(end))}, not after its "
            f"start {iso_from_ns(ns_from_datetime(start))}; `end` is exclusive."
        )
        raise RangeInvalid(msg, attr="end")


def symbols_parse(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return symbols in upper case, each once, in their order.

    Raises:
        SymbolInvalid: One is not BASE/QUOTE, or there are none, or too many.
    """
    parsed = tuple(dict.fromkeys(symbol_parse(one)[0] for one in symbols))
    if not 1 <= len(parsed) <= MOST_SYMBOLS:
        msg = f"Give 1 to {MOST_SYMBOLS} symbols, not {len(parsed)}."
        raise SymbolInvalid(msg, attr="symbols")
    return parsed


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """Which candles to fetch.

    Attributes:
        exchange: Its id, such as `binance`.
        symbols: Markets, 1 to 200.
        timeframes: Lengths of bars; each market is fetched in each of them.
        start: The first open time, inclusive, aware.
        end: Exclusive; None: up to the last bar that is over.
        replace: Whether everything is asked for, and what differs is overwritten.
        recheck_gaps: Whether confirmed gaps are asked for once more.
    """

    exchange: str
    symbols: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    start: datetime
    end: datetime | None = None
    replace: bool = False
    recheck_gaps: bool = False

    def check(self, *, now: datetime) -> None:
        """Refuse what cannot be, before the exchange is asked.

        Raises:
            VenueInvalid, SymbolInvalid: A name that none can have.
            RangeInvalid: See `range_check`.
        """
        venue_parse(self.exchange)
        symbols_parse(self.symbols)
        range_check(self.start, self.end, now)

    def as_json(self) -> dict[str, Any]:
        """Return the request for a job's payload; the body of the API reads the same."""
        return {
            "exchange": self.exchange,
            "symbols": list(self.symbols),
            "timeframes": [one.value for one in self.timeframes],
            "start": _iso(self.start),
            "end": None if self.end is None else _iso(self.end),
            "replace": self.replace,
            "recheck_gaps": self.recheck_gaps,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the request that `as_json` wrote."""
        return cls(
            exchange=data["exchange"],
            symbols=tuple(data["symbols"]),
            timeframes=tuple(Timeframe(one) for one in data["timeframes"]),
            start=_moment(data["start"]),
            end=None if data["end"] is None else _moment(data["end"]),
            replace=data["replace"],
            recheck_gaps=data["recheck_gaps"],
        )


@dataclass(frozen=True, slots=True)
class TradesRequest:
    """Which public trades to fetch.

    Attributes:
        exchange: Its id.
        symbol: The market.
        start: The first moment, inclusive, aware; days are fetched whole.
        end: Exclusive; None: up to now.
        replace: Whether complete days are fetched anew.
        goes_on: Whether the first day was begun anew already, and is continued.
    """

    exchange: str
    symbol: str
    start: datetime
    end: datetime | None = None
    replace: bool = False
    goes_on: bool = False

    def check(self, *, now: datetime) -> None:
        """Refuse what cannot be, before the exchange is asked.

        Raises:
            VenueInvalid, SymbolInvalid: A name that none can have.
            RangeInvalid: See `range_check`.
        """
        venue_parse(self.exchange)
        symbol_parse(self.symbol)
        range_check(self.start, self.end, now)

    def as_json(self) -> dict[str, Any]:
        """Return the request for a job's payload."""
        return {
            "exchange": self.exchange,
            "symbol": self.symbol,
            "start": _iso(self.start),
            "end": None if self.end is None else _iso(self.end),
            "replace": self.replace,
            "goes_on": self.goes_on,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the request that `as_json` wrote."""
        return cls(
            exchange=data["exchange"],
            symbol=data["symbol"],
            start=_moment(data["start"]),
            end=None if data["end"] is None else _moment(data["end"]),
            replace=data["replace"],
            goes_on=data.get("goes_on", False),
        )


def _iso(moment: datetime) -> str:
    return iso_from_ns(ns_from_datetime(moment))


def _moment(text: str) -> datetime:
    return datetime_from_ns(ns_from_datetime(datetime.fromisoformat(text)))

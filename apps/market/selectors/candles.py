"""Reads of the candles in a series' file."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.market.enums import Timeframe
from apps.market.errors import (
    CandleCursorInvalid,
    RangeInvalid,
    SeriesFileMissing,
    SeriesNotFound,
)
from apps.market.models import CandleSeries
from apps.market.moments import iso_from_ns, ns_from_datetime
from apps.market.selectors.series import series_local

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from apps.engines.contracts import Bars
    from apps.market.store.reading import CandleRows

_CURSOR_BYTES = 8
_LATEST_NS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CandlesPage:
    """Some candles of a series, ready to be sent.

    Attributes:
        results: Time in ISO 8601 and open, high, low, close, volume as decimal strings.
        next_cursor: Where the next page begins; None on the last one.
    """

    results: list[dict[str, str]]
    next_cursor: str | None


def bars_get(
    *, series: CandleSeries, start: datetime | None = None, end: datetime | None = None
) -> Bars:
    """Return a series' candles as an engine takes them.

    Args:
        series: The series.
        start: The first open time, inclusive, aware; None: from the first bar.
        end: The end, exclusive, aware; None: to the last bar.

    Raises:
        RangeInvalid: The range ends before it begins.
        SeriesNotFound: The series was deleted meanwhile.
        SeriesFileMissing, SeriesFileDamaged: Its file is gone, or cannot be read.
    """
    # Only a process that reads candles needs pyarrow and numpy.
    from apps.market.store.reading import bars_read  # noqa: PLC0415

    start_ns, end_ns = _range(start, end)

    def read(path: Path) -> Bars:
        timeframe = Timeframe(series.timeframe)
        return bars_read(path, timeframe=timeframe, start_ns=start_ns, end_ns=end_ns)

    return _read(series, read)


def candles_page(
    *,
    series: CandleSeries,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int,
    cursor: str | None = None,
) -> CandlesPage:
    """Return a page of a series' candles, oldest first.

    Args:
        series: The series.
        start: The first open time, inclusive, aware; None: from the first bar.
        end: The end, exclusive, aware; None: to the last bar.
        limit: The most candles.
        cursor: `next_cursor` of the page before.

    Raises:
        RangeInvalid: The range ends before it begins.
        CandleCursorInvalid: The cursor was not given out here.
        SeriesNotFound: The series was deleted meanwhile.
        SeriesFileMissing, SeriesFileDamaged: Its file is gone, or cannot be read.
    """
    # Only a process that reads candles needs pyarrow and numpy.
    from apps.market.store.reading import candles_read  # noqa: PLC0415

    start_ns, end_ns = _range(start, end)
    if cursor:
        start_ns = _cursor_decode(cursor)

    def read(path: Path) -> dict[str, Any]:
        return candles_read(path, start_ns=start_ns, end_ns=end_ns, limit=limit + 1)

    arrays = _read(series, read)
    times = arrays["time"].tolist()
    columns = [arrays[name].tolist() for name in ("open", "high", "low", "close")]
    decimals = series.price_decimals
    results = [
        {
            "time": iso_from_ns(time),
            "open": f"{open_:.{decimals}f}",
            "high": f"{high:.{decimals}f}",
            "low": f"{low:.{decimals}f}",
            "close": f"{close:.{decimals}f}",
            "volume": _plain(volume),
        }
        for time, open_, high, low, close, volume in zip(
            times, *columns, arrays["volume"].tolist(), strict=True
        )
    ]
    more = len(results) > limit
    return CandlesPage(results[:limit], _cursor_encode(times[limit]) if more else None)


def candles_rows(
    *, series: CandleSeries, start: datetime | None = None, end: datetime | None = None
) -> CandleRows:
    """Return a series' candles as they are sent in files, from an open file.

    Args:
        series: The series.
        start: The first open time, inclusive, aware; None: from the first bar.
        end: The end, exclusive, aware; None: to the last bar.

    Raises:
        RangeInvalid: The range ends before it begins.
        SeriesNotFound: The series was deleted meanwhile.
        SeriesFileMissing, SeriesFileDamaged: Its file is gone, or cannot be read.
    """
    # Only a process that reads candles needs pyarrow and numpy.
    from apps.market.store.reading import CandleRows  # noqa: PLC0415

    start_ns, end_ns = _range(start, end)

    def read(path: Path) -> CandleRows:
        return CandleRows(path, start_ns=start_ns, end_ns=end_ns)

    return _read(series, read)


def _read[T](series: CandleSeries, read: Callable[[Path], T]) -> T:
    """Read the series' file; once more where an import has just replaced it."""
    try:
        return read(series_local(series))
    except SeriesFileMissing:
        current = CandleSeries.objects.filter(pk=series.pk).first()
        if current is None:
            msg = f"The candle series {series.pk} was deleted."
            raise SeriesNotFound(msg) from None
        if current.path == series.path:
            raise
        return read(series_local(current))


def _range(
    start: datetime | None, end: datetime | None
) -> tuple[int | None, int | None]:
    # A datetime reaches further than int64 nanoseconds, which end in 2262.
    start_ns = None if start is None else _clamped(ns_from_datetime(start))
    end_ns = None if end is None else _clamped(ns_from_datetime(end))
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        msg = (
            f"The range ends at {iso_from_ns(end_ns)}, not after its start "
            f"{iso_from_ns(start_ns)}; `end` is exclusive."
        )
        raise RangeInvalid(msg, attr="end")
    return start_ns, end_ns


def _clamped(nanoseconds: int) -> int:
    return max(-_LATEST_NS, min(_LATEST_NS, nanoseconds))


def _plain(value: float) -> str:
    """Return the shortest decimal that is this float, without an exponent."""
    text = repr(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        places = max(0, len(mantissa.partition(".")[2]) - int(exponent))
        text = f"{value:.{places}f}"
    return text.removesuffix(".0")


def _cursor_encode(time: int) -> str:
    return base64.urlsafe_b64encode(time.to_bytes(_CURSOR_BYTES)).decode().rstrip("=")


def _cursor_decode(cursor: str) -> int:
    try:
        raw = base64.b64decode(f"{cursor}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    time = int.from_bytes(raw)
    if len(raw) != _CURSOR_BYTES or time > _LATEST_NS:
        msg = "The cursor is not one that was given out here; follow `next`."
        raise CandleCursorInvalid(msg, attr="cursor")
    return time

"""Candles as bytes, made once and then cut: what makes the exchange quick."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.exchange_server.bars import INTERVALS, open_ms, ordinal
from tests.exchange_server.markets import SCALE

if TYPE_CHECKING:
    from tests.exchange_server.bars import BarArrays, Ints
    from tests.exchange_server.history import History

_ROWS: Final = 1000
_KEPT: Final = 1500


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rendered rows, their open times, and where each ends.

    Attributes:
        times: Open times, milliseconds.
        ends: Where each row's bytes end, its comma included.
        rows: The rows, each followed by a comma.
    """

    times: list[int]
    ends: list[int]
    rows: bytes

    def cut(self, start_ms: int, end_ms: int, limit: int) -> tuple[bytes, int]:
        """Return the first rows that open within `[start_ms, end_ms)`, and how many."""
        first = bisect_left(self.times, start_ms)
        last = min(bisect_left(self.times, end_ms), first + limit)
        return self._between(first, last)

    def cut_last(self, start_ms: int, end_ms: int, limit: int) -> tuple[bytes, int]:
        """Return the last rows that open within `[start_ms, end_ms)`, and how many."""
        last = bisect_left(self.times, end_ms)
        first = max(bisect_left(self.times, start_ms), last - limit)
        return self._between(first, last)

    def _between(self, first: int, last: int) -> tuple[bytes, int]:
        if last <= first:
            return b"", 0
        begin = self.ends[first - 1] if first else 0
        return self.rows[begin : self.ends[last - 1]], last - first


def eight_digits(value: int) -> str:
    """Return an amount in units of 1e-8 as Binance writes it."""
    return f"{value // SCALE}.{value % SCALE:08d}"


def bar_ends(interval: str, at_ms: int) -> int:
    """Return when the bar that opens at a time is over."""
    fixed = INTERVALS[interval]
    return at_ms + fixed if fixed else open_ms(interval, ordinal(interval, at_ms) + 1)


_AMOUNT: Final = '"%d.%08d"'
_ROW: Final = (
    f"[%d,{_AMOUNT},{_AMOUNT},{_AMOUNT},{_AMOUNT},{_AMOUNT},%d,{_AMOUNT},%d,"
    f'{_AMOUNT},{_AMOUNT},"0"],'
)


def chunk_rendered(bars: BarArrays, interval: str) -> Chunk:
    """Render bars as Binance's rows."""
    times = bars.time.tolist()
    # What takers paid, at the bar's mean price.
    part = (bars.taker / np.maximum(bars.volume, 1) * bars.quote).astype(np.int64)
    columns: list[list[int]] = [times]
    for amounts in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        columns += _halves(amounts)
    columns.append([bar_ends(interval, at) - 1 for at in times])
    columns += _halves(bars.quote)
    columns.append(bars.count.tolist())
    columns += _halves(bars.taker)
    columns += _halves(part)
    rows = [(_ROW % row).encode() for row in zip(*columns, strict=True)]
    return Chunk(times, list(accumulate(map(len, rows))), b"".join(rows))


def _halves(amounts: Ints) -> list[list[int]]:
    """Return what stands before the point and after it."""
    whole, rest = np.divmod(amounts, SCALE)
    return [whole.tolist(), rest.tolist()]


class Pages:
    """The candles of all markets as bytes."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._chunks: OrderedDict[tuple[str, str, int, int], Chunk] = OrderedDict()

    def forget(self, name: str) -> None:
        """Forget what was rendered of a market, whose past has been changed."""
        for key in [key for key in self._chunks if key[0] == name]:
            del self._chunks[key]

    def page(
        self,
        name: str,
        history: History,
        interval: str,
        span: tuple[int | None, int | None],
        limit: int,
        now_ms: int,
        listed_ms: int,
    ) -> bytes:
        """Return candles as Binance answers them: a JSON list of rows.

        Args:
            name: The market on the wire.
            history: Its past.
            interval: Length of a bar, as `1h`.
            span: First and last open time, both inclusive, milliseconds; None is open.
            limit: The most rows.
            now_ms: The time on the exchange; the bar it falls in is unfinished.
            listed_ms: When the market was first traded.
        """
        start, end = span
        current = ordinal(interval, now_ms)
        first = open_ms(interval, ordinal(interval, listed_ms))
        begin = first if start is None else max(start, first)
        stop = now_ms + 1 if end is None else min(end, now_ms) + 1
        forward = start is not None
        parts: list[bytes] = []
        left = limit
        if begin >= stop:
            return b"[]"
        numbers = range(
            ordinal(interval, begin) // _ROWS,
            min(ordinal(interval, stop - 1), current) // _ROWS + 1,
        )
        made = open_ms(interval, current)
        tail = b""
        ends_now = stop > made >= begin
        if ends_now and not forward:
            tail = self._making(history, interval, now_ms)
            left -= bool(tail)
        for number in numbers if forward else reversed(numbers):
            if left <= 0:
                break
            chunk = self._chunk(name, history, interval, number, current)
            cut = chunk.cut if forward else chunk.cut_last
            rows, count = cut(begin, min(stop, made), left)
            parts.append(rows)
            left -= count
        if not forward:
            parts.reverse()
        elif ends_now and left > 0:
            tail = self._making(history, interval, now_ms)
        return b"[" + (b"".join(parts) + tail)[:-1] + b"]"

    def _making(self, history: History, interval: str, now_ms: int) -> bytes:
        """Return the row of the bar that is being made, if it has a trade."""
        return chunk_rendered(history.unfinished(interval, now_ms), interval).rows

    def _chunk(
        self, name: str, history: History, interval: str, number: int, current: int
    ) -> Chunk:
        """Return the finished bars of a thousand numbers."""
        until = min(current, (number + 1) * _ROWS)
        key = (name, interval, number, until)
        found = self._chunks.get(key)
        if found is not None:
            self._chunks.move_to_end(key)
            return found
        bars = history.bars(
            interval, open_ms(interval, number * _ROWS), open_ms(interval, until)
        )
        made = self._chunks[key] = chunk_rendered(bars, interval)
        if len(self._chunks) > _KEPT:
            self._chunks.popitem(last=False)
        return made

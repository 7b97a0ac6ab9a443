"""Trades from a CSV with a header."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apps.analysis.errors import TradeListInvalid
from apps.analysis.trade_lists.contracts import MOST_TRADES, ListedTrade
from apps.analysis.trade_lists.plausible import impossible
from apps.engines.contracts import ExitReason

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a column may be called; the first is our own name for it, as our exports have it.
NAMES: dict[str, tuple[str, ...]] = {
    "entry_time": ("entry_time", "open_date", "open_time", "entry_timestamp"),
    "exit_time": ("exit_time", "close_date", "close_time", "exit_timestamp"),
    "side": ("side", "direction"),
    "quantity": ("quantity", "amount", "size", "qty"),
    "entry_price": ("entry_price", "open_rate", "open_price"),
    "exit_price": ("exit_price", "close_rate", "close_price"),
    "fee": ("fees", "fee", "commission"),
    "profit": ("profit", "profit_abs", "pnl"),
    "reason": ("exit_reason", "reason"),
}
REQUIRED = ("entry_time", "exit_time", "quantity", "entry_price", "exit_price")
SIDES = {"long": 1, "buy": 1, "1": 1, "": 1, "short": -1, "sell": -1, "-1": -1}
REASONS = {reason.value for reason in ExitReason}
# Seconds from 1973 on.
EARLIEST = 10**8
# The largest whole numbers that are seconds, milliseconds and microseconds until 2286.
UNITS = ((10**10, 10**9), (10**13, 10**6), (10**16, 10**3))


def csv_trades(content: bytes) -> list[ListedTrade]:
    """Read trades from a CSV.

    Times are ISO 8601 (UTC where no offset is given), or whole seconds, milliseconds,
    microseconds or nanoseconds since 1970. `side`, `fees`, `profit` and `exit_reason`
    may be missing; a trade without a side is long.

    Raises:
        TradeListInvalid: Names the line, the column, and what would be right.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        msg = f"The file is no text in UTF-8: {error.reason} at byte {error.start}."
        raise TradeListInvalid(msg, attr="file") from error
    delimiter = ";" if text.lstrip().partition("\n")[0].count(";") else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        header = next((row for row in reader if row), [])
        columns = _columns([name.strip().lower() for name in header])
        trades: list[ListedTrade] = []
        for row in reader:
            if not row:
                continue
            _row_check(reader.line_num, row, len(header), len(trades))
            trades.append(_trade(_Row(reader.line_num, row, columns)))
    except csv.Error as error:
        msg = f"The CSV cannot be read near line {reader.line_num}: {error}."
        raise TradeListInvalid(msg, attr="file") from error
    return trades


def _columns(header: list[str]) -> dict[str, tuple[int, str]]:
    """Return where each of our columns is, and how it is called there."""
    found: dict[str, tuple[int, str]] = {}
    for key, names in NAMES.items():
        name = next((name for name in names if name in header), None)
        if name is None:
            continue
        if header.count(name) > 1:
            msg = f"The CSV's header has {name!r} more than once; keep one of them."
            raise TradeListInvalid(msg, attr="file")
        found[key] = (header.index(name), name)
    missing = [key for key in REQUIRED if key not in found]
    if missing:
        msg = (
            f"The CSV's header lacks {', '.join(missing)}; it has: "
            f"{', '.join(header)[:200] or 'nothing'}. Required are "
            f"{', '.join(REQUIRED)}; side, fees, profit and exit_reason may be there."
        )
        raise TradeListInvalid(msg, attr="file")
    return found


def _row_check(line: int, row: list[str], fields: int, before: int) -> None:
    if len(row) != fields:
        msg = (
            f"Line {line} has {len(row)} fields, the header has {fields}. A decimal "
            "comma needs ';' between the fields, and is not read: write 1.5."
        )
        raise TradeListInvalid(msg, attr="file")
    if before == MOST_TRADES:
        msg = f"The list has more than {MOST_TRADES:,} trades, the most that are read."
        raise TradeListInvalid(msg, attr="file")


class _Row:
    """One line of the table, read by our names."""

    def __init__(
        self, line: int, fields: list[str], columns: Mapping[str, tuple[int, str]]
    ) -> None:
        self._line, self._fields, self._columns = line, fields, columns

    def text(self, key: str) -> str:
        """Return a field, empty where the table has no such column."""
        if key not in self._columns:
            return ""
        return self._fields[self._columns[key][0]].strip()

    def number(self, key: str) -> float:
        """Return a number, NaN where one that may be missing is."""
        text = self.text(key)
        if not text and key not in REQUIRED:
            return math.nan
        try:
            return float(text)
        except ValueError:
            raise self.wrong(key, "a number") from None

    def moment(self, key: str) -> int:
        """Return a time, nanoseconds since 1970."""
        try:
            return _nanoseconds(self.text(key))
        except (ValueError, OverflowError):
            right = "a time such as 2024-01-31T09:00:00Z, or a number since 1970"
            raise self.wrong(key, right) from None

    def wrong(self, key: str, right: str) -> TradeListInvalid:
        """Return the error of a field, which names its line and column."""
        column, value = self._columns[key][1], self.text(key)
        msg = f"Line {self._line}, column {column!r}: {value[:40]!r} is not {right}."
        return TradeListInvalid(msg, attr="file")


def _trade(row: _Row) -> ListedTrade:
    side = SIDES.get(row.text("side").lower())
    if side is None:
        raise row.wrong("side", "long or short")
    reason = row.text("reason").lower()
    trade = ListedTrade(
        entry_ns=row.moment("entry_time"),
        exit_ns=row.moment("exit_time"),
        side=side,
        quantity=row.number("quantity"),
        entry_price=row.number("entry_price"),
        exit_price=row.number("exit_price"),
        fee=row.number("fee"),
        profit=row.number("profit"),
        reason=reason if reason in REASONS else "",
    )
    wrong = impossible(trade)
    if wrong is not None:
        raise row.wrong(*wrong)
    return trade


def _nanoseconds(text: str) -> int:
    if text.isdigit():
        value = int(text)
        # A date without dashes looks like seconds of 1970.
        if 0 < value < EARLIEST:
            raise ValueError(text)
        return next((value * scale for limit, scale in UNITS if value < limit), value)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000

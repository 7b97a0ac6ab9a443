"""How a text file is laid out: separator, header, columns, and how it writes time."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from apps.market.enums import CandleFormat, TimeUnit
from apps.market.errors import (
    ColumnsWrong,
    FileEmpty,
    FileWithoutRows,
    FormatMismatch,
    LineMalformed,
    SeparatorsMixed,
    TimeUnitWrong,
    TimeUnreadable,
)
from apps.market.files.columns import ColumnPlaces, columns_find
from apps.market.files.times import unit_settle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from apps.market.errors import (
        CandleFileInvalid,
    )

SEPARATORS = (",", ";", "\t", "|")
LONGEST_LINE = 16_384
_BINANCE_COLUMNS = 12
_KRAKEN_COLUMNS = 7
_SIX_COLUMNS = ColumnPlaces(0, (1, 2, 3, 4, 5))
_INTEGER = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[0-9]+\.[0-9]*(?:[eE][+]?[0-9]+)?|[0-9]+[eE][+]?[0-9]+")
_ZONE = re.compile(r"(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})$")


class TimeStyle(StrEnum):
    """How the cells of the time column are written."""

    INTEGER = "whole numbers"
    FLOAT = "numbers"
    ISO_ZONED = "ISO 8601 with a zone"
    ISO_PLAIN = "ISO 8601 without a zone, read as UTC"


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """All that is needed to read a text file.

    Attributes:
        format: The layout's name.
        separator: What cuts a line into cells.
        header_lines: Lines before the first row; 0 or 1.
        names: A name for each column.
        places: Which columns are needed.
        time_style: How times are written.
        time_unit: The unit of the times, `iso` for text.
        line_bytes: Bytes of a typical line.
    """

    format: CandleFormat
    separator: str
    header_lines: int
    names: tuple[str, ...]
    places: ColumnPlaces
    time_style: TimeStyle
    time_unit: TimeUnit
    line_bytes: int


def csv_layout(path: Path, stated: CandleFormat, unit: TimeUnit | None) -> CsvLayout:
    """Find out how a text file is laid out, from its first lines.

    Args:
        path: The file, UTF-8 with or without a byte order mark.
        stated: The caller's word on the layout, or `auto`.
        unit: The caller's word on the unit of time, or None.

    Raises:
        FileEmpty: There is nothing in it.
        FileWithoutRows: There is a header, but nothing more.
        ColumnsWrong: Needed columns are missing.
        FormatMismatch: The layout is another than the stated one.
        TimeUnreadable: The first time is neither a number nor ISO 8601.
        TimeUnitWrong: The first time is implausible in the stated unit, or in all.
    """
    lines = _first_lines(path)
    if not lines:
        msg = "The file is empty; give a file with candles."
        raise FileEmpty(msg, attr="file")
    separator = _separator(lines[0])
    first = _cells(lines[0], separator)
    has_header = not _is_number(first[min(1, len(first) - 1)])
    if has_header and len(lines) == 1:
        msg = "The file has a header but no candles below it."
        raise FileWithoutRows(msg, attr="file")
    found, places = _columns(first, has_header=has_header)
    if stated not in {CandleFormat.AUTO, found}:
        msg = (
            f"The file is laid out as {found}, not as {stated}; state {found} or auto."
        )
        raise FormatMismatch(msg, attr="format")
    line = lines[1] if has_header else lines[0]
    if fault := cells_fault(1 + has_header, line, separator, len(first)):
        raise fault
    cell = _cells(line, separator)[places.time].strip()
    style = time_style(cell)
    if style is None:
        msg = (
            f"Line {1 + has_header}: the time {cell[:40]!r} is neither a number nor "
            "ISO 8601 such as 2024-01-31T23:00:00Z."
        )
        raise TimeUnreadable(msg, attr="file")
    return CsvLayout(
        format=found,
        separator=separator,
        header_lines=int(has_header),
        names=tuple(first) if has_header else tuple(map(str, range(len(first)))),
        places=places,
        time_style=style,
        time_unit=_unit(cell, style, unit),
        line_bytes=max(1, sum(map(len, lines)) // len(lines) + 1),
    )


def time_style(cell: str) -> TimeStyle | None:
    """Return how a time is written, or None where it is none."""
    if _INTEGER.fullmatch(cell):
        return TimeStyle.INTEGER
    if _NUMBER.fullmatch(cell):
        return TimeStyle.FLOAT
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return None
    return TimeStyle.ISO_ZONED if _ZONE.search(cell[10:]) else TimeStyle.ISO_PLAIN


def cells_fault(
    number: int, line: str, separator: str, expected: int
) -> CandleFileInvalid | None:
    """Return what is wrong with the number of a line's cells, if anything.

    Args:
        number: The line, counted from 1.
        line: Its text.
        separator: What cuts the file's first line.
        expected: How many cells the first line has.
    """
    found = len(_cells(line, separator))
    if found == expected:
        return None
    for other in SEPARATORS:
        if other != separator and other in line:
            msg = (
                f"Line {number} is separated by {other!r}, the file's first line by "
                f"{separator!r}; use one separator in the whole file."
            )
            return SeparatorsMixed(msg, attr="file")
    msg = (
        f"Line {number} has {found} cells, the first line {expected}; each line needs "
        f"{expected}."
    )
    return LineMalformed(msg, attr="file")


def _unit(cell: str, style: TimeStyle, stated: TimeUnit | None) -> TimeUnit:
    if style in {TimeStyle.INTEGER, TimeStyle.FLOAT}:
        return unit_settle(float(cell), stated)
    if stated in {None, TimeUnit.ISO}:
        return TimeUnit.ISO
    msg = f"The times are text such as {cell!r}, not counts of {stated}; state iso."
    raise TimeUnitWrong(msg, attr="time_unit")


def _columns(
    first: Sequence[str], *, has_header: bool
) -> tuple[CandleFormat, ColumnPlaces]:
    if has_header:
        places = columns_find(first)
        binance = len(first) == _BINANCE_COLUMNS and places == _SIX_COLUMNS
        return CandleFormat.BINANCE_CSV if binance else CandleFormat.CSV, places
    if len(first) == _BINANCE_COLUMNS:
        return CandleFormat.BINANCE_CSV, _SIX_COLUMNS
    if len(first) == _KRAKEN_COLUMNS:
        return CandleFormat.KRAKEN_CSV, _SIX_COLUMNS
    msg = (
        f"The file has no header and {len(first)} columns. Without a header only the "
        f"layouts of Binance ({_BINANCE_COLUMNS} columns) and Kraken "
        f"({_KRAKEN_COLUMNS}) are read; add the line "
        "time,open,high,low,close,volume on top."
    )
    raise ColumnsWrong(msg, attr="file")


def _first_lines(path: Path) -> list[str]:
    """Return up to 20 lines with something in them, from the start of the file."""
    lines: list[str] = []
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        for number in range(1, 21):
            line = text.readline(LONGEST_LINE)
            if not line:
                break
            if len(line) >= LONGEST_LINE:
                msg = f"Line {number} is longer than {LONGEST_LINE:,} characters."
                raise LineMalformed(msg, attr="file")
            if line.strip():
                lines.append(line.rstrip("\r\n"))
    return lines


def _separator(line: str) -> str:
    return max(SEPARATORS, key=lambda one: len(_cells(line, one)))


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [""])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

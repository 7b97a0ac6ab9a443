"""Name the line at fault in a text file that the fast reader gave up on."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

from apps.market.batches import VALUE_COLUMNS
from apps.market.errors import (
    FileCorrupt,
    LineMalformed,
    TimeUnreadable,
    ValueNotNumeric,
)
from apps.market.files.csv_layout import (
    LONGEST_LINE,
    cells_fault,
    time_style,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.market.errors import (
        CandleFileInvalid,
    )
    from apps.market.files.csv_layout import (
        CsvLayout,
    )

# What stands for a missing number; such rows are counted, not refused at reading.
MISSING_NUMBERS = ("", "nan", "NaN", "NAN", "null", "NULL", "None", "N/A", "NA")


def csv_diagnose(
    path: Path, layout: CsvLayout, *, rows_read: int, reason: str
) -> CandleFileInvalid:
    """Return the error of the first line that cannot be read.

    Goes through the file again, line by line: slow, but only once something is wrong.

    Args:
        path: The text file.
        layout: How it is laid out.
        rows_read: Rows that were read well before.
        reason: What the fast reader said, for what is not found here.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        skipped = layout.header_lines + rows_read
        lines = islice(_lines(text), skipped, None)
        for number, line in enumerate(lines, start=skipped + 1):
            if line is None:
                msg = f"Line {number} is longer than {LONGEST_LINE:,} characters."
                return LineMalformed(msg, attr="file")
            if fault := _line_fault(number, line, layout):
                return fault
    msg = f"The file cannot be read as {layout.format}: {reason[:300]}"
    return FileCorrupt(msg, attr="file")


def _lines(text: Iterator[str]) -> Iterator[str | None]:
    readline = text.readline  # type: ignore[attr-defined]
    while line := readline(LONGEST_LINE):
        yield line if len(line) < LONGEST_LINE else None


def _line_fault(number: int, line: str, layout: CsvLayout) -> CandleFileInvalid | None:
    if not line.strip("\r\n"):
        return None
    try:
        cells = next(csv.reader([line], delimiter=layout.separator))
    except csv.Error as error:
        return LineMalformed(f"Line {number}: {error}.", attr="file")
    if len(cells) != len(layout.names):
        return cells_fault(number, line, layout.separator, len(layout.names))
    style = time_style(cells[layout.places.time].strip())
    if style is not layout.time_style:
        cell = cells[layout.places.time][:40]
        msg = (
            f"Line {number}: the time {cell!r} is not written as in the first row "
            f"({layout.time_style}); write all times alike."
        )
        return TimeUnreadable(msg, attr="file")
    for name, place in zip(VALUE_COLUMNS, layout.places.values, strict=True):
        if not _is_number_or_missing(cells[place].strip()):
            return _number_fault(number, name, cells[place][:40])
    return None


def _number_fault(number: int, name: str, cell: str) -> CandleFileInvalid:
    hint = "use a decimal point, not a comma" if "," in cell else "give a number"
    msg = f"Line {number}, column {name}: {cell!r} is not a number; {hint}."
    return ValueNotNumeric(msg, attr="file")


def _is_number_or_missing(cell: str) -> bool:
    if cell in MISSING_NUMBERS:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    # Python reads 1_000, other programs do not.
    return "_" not in cell

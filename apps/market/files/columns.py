"""Which column of a file is which."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.market.batches import VALUE_COLUMNS
from apps.market.errors import ColumnsWrong

if TYPE_CHECKING:
    from collections.abc import Sequence

# In order of trust, where a file has more than one.
TIME_NAMES = ("open_time", "timestamp", "time", "unix", "datetime", "date")
# What pandas calls an index that has no name, in CSV and in Parquet.
_UNNAMED = ("", "unnamed: 0", "__index_level_0__", "index")
_LONGEST_LIST = 20


@dataclass(frozen=True, slots=True)
class ColumnPlaces:
    """Where the needed columns stand, counted from 0.

    Attributes:
        time: The column of open times.
        values: The columns of open, high, low, close and volume.
    """

    time: int
    values: tuple[int, int, int, int, int]

    def all(self) -> tuple[int, ...]:
        """Return time and values, in this order."""
        return (self.time, *self.values)


def columns_find(names: Sequence[str]) -> ColumnPlaces:
    """Find time, open, high, low, close and volume among a file's column names.

    Names count whatever their case. The time may stand under several names, or in a
    first column without one, as pandas writes an index.

    Raises:
        ColumnsWrong: One is missing or there twice; says which, and what was found.
    """
    lowered = [name.strip().lower() for name in names]
    time = _time_place(lowered)
    missing = [name for name in VALUE_COLUMNS if name not in lowered]
    if time is None:
        missing.insert(0, "time")
    if missing:
        raise ColumnsWrong(_missing_message(missing, names), attr="file")
    doubled = sorted({one for one in VALUE_COLUMNS if lowered.count(one) > 1})
    if doubled:
        msg = f"Columns are there more than once: {', '.join(doubled)}; keep one each."
        raise ColumnsWrong(msg, attr="file")
    places = [lowered.index(name) for name in VALUE_COLUMNS]
    open_, high, low, close, volume = places
    return ColumnPlaces(time or 0, (open_, high, low, close, volume))


def _time_place(lowered: list[str]) -> int | None:
    for name in TIME_NAMES:
        if name in lowered:
            return lowered.index(name)
    for place in (0, len(lowered) - 1):
        if lowered and lowered[place] in _UNNAMED:
            return place
    return None


def _missing_message(missing: list[str], names: Sequence[str]) -> str:
    hints = []
    for name in missing:
        near = difflib.get_close_matches(name, [one.lower() for one in names], n=1)
        if near:
            hints.append(f"{near[0]!r} looks like {name}")
    shown = ", ".join(repr(name[:40]) for name in names[:_LONGEST_LIST]) or "none"
    hint = f" ({'; '.join(hints)})" if hints else ""
    return (
        f"Columns are missing: {', '.join(missing)}{hint}. Found: {shown}. Needed: "
        f"a time ({', '.join(TIME_NAMES)}), {', '.join(VALUE_COLUMNS)}."
    )

"""From the numbers that files write for times to nanoseconds since the epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.market.enums import TimeUnit
from apps.market.errors import TimeUnitWrong
from apps.market.moments import datetime_from_ns, iso_from_ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.engines.contracts import IntArray

# Candles are from 1990-01-01 up to 2100-01-01; what reads as another year was misread.
EARLIEST_NS = 631_152_000 * 1_000_000_000
LATEST_NS = 4_102_444_800 * 1_000_000_000
_COUNTS = (
    TimeUnit.SECONDS,
    TimeUnit.MILLISECONDS,
    TimeUnit.MICROSECONDS,
    TimeUnit.NANOSECONDS,
)
_YEAR_SECONDS = 31_556_952


def unit_detect(value: float) -> TimeUnit | None:
    """Return the one unit in which a number is a plausible date, or None.

    The plausible ranges of two units never overlap: 1990 in milliseconds is far beyond
    2100 in seconds.
    """
    for unit in _COUNTS:
        if _plausible(value, unit):
            return unit
    return None


def unit_settle(value: float, stated: TimeUnit | None) -> TimeUnit:
    """Return the unit of a column of numbers, found by its first value or stated.

    Raises:
        TimeUnitWrong: In no unit, or not in the stated one, is it a plausible date.
    """
    found = unit_detect(value)
    if found is None:
        msg = (
            f"The first time, {value:.15g}, is no date between 1990 and 2100 in s, ms, "
            "us or ns; give times since 1970-01-01 in one of these, or ISO 8601."
        )
        raise TimeUnitWrong(msg, attr="time_unit")
    if stated is None or stated is found:
        return found
    right = f"time_unit={found} makes it {iso_from_ns(int(value) * found.nanoseconds)}"
    if stated is TimeUnit.ISO:
        msg = f"The times are numbers such as {value:.15g}, not ISO 8601; {right}."
    else:
        msg = (
            f"In {stated}, the first time, {value:.15g}, is in the year "
            f"{_year(value, stated)}; {right}."
        )
    raise TimeUnitWrong(msg, attr="time_unit")


def times_to_ns(
    raw: NDArray[np.int64] | NDArray[np.float64], unit: TimeUnit, first_line: int
) -> IntArray:
    """Return nanoseconds since the epoch.

    Args:
        raw: Counts of `unit`, shape (n,); floats of seconds keep their milliseconds.
        unit: The unit of the counts.
        first_line: Where the first of them stands, for messages.

    Raises:
        TimeUnitWrong: One of them is no plausible date.
    """
    factor = unit.nanoseconds
    bad = ~((raw >= EARLIEST_NS / factor) & (raw < LATEST_NS / factor))
    if bad.any():
        at = int(np.argmax(bad))
        value = float(raw[at])
        found = unit_detect(value)
        right = f"it would be one in {found}: units are mixed" if found else "misread"
        msg = (
            f"Line {first_line + at}: time {value:.15g} is no date between 1990 and "
            f"2100 in {unit}, the unit of the first row; {right}."
        )
        raise TimeUnitWrong(msg, attr="time_unit")
    if raw.dtype.kind == "f":
        if unit is TimeUnit.SECONDS:
            return np.rint(raw * 1_000).astype(np.int64) * 1_000_000
        return np.rint(raw).astype(np.int64) * factor
    return raw.astype(np.int64, copy=False) * factor


def times_check(time: IntArray, first_line: int) -> IntArray:
    """Return typed times, in nanoseconds, if all are plausible.

    Raises:
        TimeUnitWrong: One of them is not between 1990 and 2100.
    """
    bad = (time < EARLIEST_NS) | (time >= LATEST_NS)
    if bad.any():
        at = int(np.argmax(bad))
        year = datetime_from_ns(int(time[at])).year
        msg = (
            f"Line {first_line + at}: the time is in the year {year}; candles are from "
            "1990 to 2100. Was the file written with another unit of time?"
        )
        raise TimeUnitWrong(msg, attr="time_unit")
    return time


def _plausible(value: float, unit: TimeUnit) -> bool:
    return EARLIEST_NS <= value * unit.nanoseconds < LATEST_NS


def _year(value: float, unit: TimeUnit) -> int:
    return int(1970 + value * unit.nanoseconds / 1e9 / _YEAR_SECONDS)

"""The form in which a measure is described."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MetricUnit(StrEnum):
    """What one unit of a measure is."""

    FRACTION = "fraction"
    FRACTION_PER_YEAR = "fraction_per_year"
    RATIO = "ratio"
    QUOTE = "quote"
    BARS = "bars"
    DAYS = "days"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One measure, described.

    Attributes:
        name: Its key in a run's summary.
        title: Its name for a person.
        unit: What one of it is; a fraction of 0.01 is one per cent.
        description: What it tells, its conventions, and when it is undefined.
        formula: How it is computed.
        source: Where the formula is from.
    """

    name: str
    title: str
    unit: MetricUnit
    description: str
    formula: str
    source: str

"""The functions of the rule language: one table for the reader, the unparser and docs.

Whatever the reader accepts is in this table, and `evaluate` has one implementation for
each name in it; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from apps.strategies.rules.values import ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICE_COLUMNS = ("open", "high", "low", "close", "volume")
"""The series that every market has; rules and indicator inputs name them."""


@dataclass(frozen=True, slots=True)
class RuleFunction:
    """How a function is called, and what it gives.

    Attributes:
        signature: How to write it, for messages and documentation.
        meaning: One sentence; `i` is the bar, and the newest one that is read.
        arity: Number of arguments, the count of bars included.
        bars_minimum: The smallest count of bars as last argument; None without one.
        needs_series: At least one argument must read bars.
        takes_condition: The first argument may be a condition.
        gives: The result's type; None when it is that of the arguments.
        reads_back: Bars before `i` that are read, when there is no count.
    """

    signature: str
    meaning: str
    arity: int
    bars_minimum: int | None = None
    needs_series: bool = True
    takes_condition: bool = False
    gives: ValueType | None = None
    reads_back: int = 0


FUNCTIONS: Mapping[str, RuleFunction] = MappingProxyType(
    {
        "crosses_above": RuleFunction(
            "crosses_above(a, b)",
            "a[i-1] <= b[i-1] and a[i] > b[i]; undefined on the first bar.",
            arity=2,
            gives=ValueType.CONDITION,
            reads_back=1,
        ),
        "crosses_below": RuleFunction(
            "crosses_below(a, b)",
            "a[i-1] >= b[i-1] and a[i] < b[i]; undefined on the first bar.",
            arity=2,
            gives=ValueType.CONDITION,
            reads_back=1,
        ),
        "shift": RuleFunction(
            "shift(x, n)",
            "x[i-n]: the value n bars ago; a condition may be shifted, too.",
            arity=2,
            bars_minimum=0,
            takes_condition=True,
        ),
        "highest": RuleFunction(
            "highest(x, n)",
            "The greatest of the last n values, that of bar i included.",
            arity=2,
            bars_minimum=1,
        ),
        "lowest": RuleFunction(
            "lowest(x, n)",
            "The least of the last n values, that of bar i included.",
            arity=2,
            bars_minimum=1,
        ),
        "mean": RuleFunction(
            "mean(x, n)",
            "The average of the last n values, that of bar i included.",
            arity=2,
            bars_minimum=1,
        ),
        "rising": RuleFunction(
            "rising(x, n)",
            "Each of the last n steps was up: x[i-n] < x[i-n+1] < ... < x[i].",
            arity=2,
            bars_minimum=1,
            gives=ValueType.CONDITION,
        ),
        "falling": RuleFunction(
            "falling(x, n)",
            "Each of the last n steps was down: x[i-n] > x[i-n+1] > ... > x[i].",
            arity=2,
            bars_minimum=1,
            gives=ValueType.CONDITION,
        ),
        "change": RuleFunction(
            "change(x, n)",
            "x[i] - x[i-n].",
            arity=2,
            bars_minimum=1,
        ),
        "abs": RuleFunction(
            "abs(x)",
            "x without its sign.",
            arity=1,
            needs_series=False,
        ),
        "min": RuleFunction(
            "min(a, b)",
            "The lesser of two values, bar by bar; over bars, it is lowest(x, n).",
            arity=2,
            needs_series=False,
        ),
        "max": RuleFunction(
            "max(a, b)",
            "The greater of two values, bar by bar; over bars, it is highest(x, n).",
            arity=2,
            needs_series=False,
        ),
        "between": RuleFunction(
            "between(x, lo, hi)",
            "lo <= x <= hi.",
            arity=3,
            needs_series=False,
            gives=ValueType.CONDITION,
        ),
    }
)

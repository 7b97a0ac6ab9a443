"""What an engine's defaults cost: its native trades against its exact ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apps.analysis.parity.compare import CAUSES, profit_differences

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Comparison, Participant


@dataclass(frozen=True, slots=True)
class CauseCost:
    """What one cause comes to.

    Attributes:
        cause: The cause.
        trades: Rows that differ because of it.
        profit: What they add to the native profit, quote units.
        example: The first of them, in a sentence.
    """

    cause: str
    trades: int
    profit: float
    example: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an engine's defaults cost.

    Attributes:
        engine: The engine.
        against: The exact run it is held against: its own, or the reference's.
        exact_trades: Trades by the fill contract.
        native_trades: Trades by its defaults.
        exact_profit: Quote units.
        native_profit: Quote units.
        costs: By cause, the largest first; they add up to the difference.
    """

    engine: str
    against: str
    exact_trades: int
    native_trades: int
    exact_profit: float
    native_profit: float
    costs: tuple[CauseCost, ...]


def lesson_make(
    comparison: Comparison, exact: Participant, native: Participant
) -> Lesson:
    """Add up by cause what the native run made more, or less, than the exact one.

    Args:
        comparison: The exact run first, the native one second.
        exact: The run by the fill contract.
        native: The run by the engine's defaults.
    """
    matches = comparison.matches
    gained = profit_differences(matches, exact, native)
    costs = []
    for code, cause in enumerate(CAUSES):
        rows = np.flatnonzero(matches.cause == code)
        if len(rows):
            costs.append(
                CauseCost(
                    cause=cause.value,
                    trades=len(rows),
                    profit=float(gained[rows].sum()),
                    example=matches.detail[rows[0]],
                )
            )
    return Lesson(
        engine=native.name,
        against=exact.name,
        exact_trades=len(exact.trades),
        native_trades=len(native.trades),
        exact_profit=float(exact.trades.profit.sum()),
        native_profit=float(native.trades.profit.sum()),
        costs=tuple(sorted(costs, key=lambda cost: -abs(cost.profit))),
    )

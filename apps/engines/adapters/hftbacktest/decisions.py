"""In which bars the strategy has something to decide, and what (rules 1 and 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.engines.contracts import BoolArray, IntArray, RunRequest


@dataclass(frozen=True, slots=True)
class Decisions:
    """The bars at whose open something may be done, in order; arrays of m.

    Attributes:
        bar: Index of the bar, int64.
        enter: +1 to buy, -1 to sell short, 0 not to enter, int64.
        leave_long: Whether a long position ends here.
        leave_short: Whether a short position ends here.
    """

    bar: IntArray
    enter: IntArray
    leave_long: BoolArray
    leave_short: BoolArray

    def __len__(self) -> int:
        return len(self.bar)


def decisions_make(request: RunRequest) -> Decisions:
    """Return what the signals ask for, without exits that have nothing to end."""
    signals = request.signals
    long, short = _shifted(signals.entry_long), _shifted(signals.entry_short)
    # Entries of both sides on one bar are neither; the last bar takes none.
    long, short = long & ~short, short & ~long
    long[-1:] = False
    short[-1:] = False
    leave_long = _needed(_shifted(signals.exit_long), long)
    leave_short = _needed(_shifted(signals.exit_short), short)
    bar = np.flatnonzero(long | short | leave_long | leave_short)
    enter = long.astype(np.int64) - short.astype(np.int64)
    return Decisions(bar, enter[bar], leave_long[bar], leave_short[bar])


def _shifted(signal: BoolArray) -> BoolArray:
    moved = np.zeros(len(signal), dtype=np.bool_)
    moved[1:] = signal[:-1]
    return moved


def _needed(leave: BoolArray, enter: BoolArray) -> BoolArray:
    """Return the exits before which there was an entry since the exit before.

    A strategy that says on every bar that it would rather be out needs no book for each
    of them.
    """
    at = np.flatnonzero(leave)
    if not len(at):
        return leave
    entries: NDArray[np.int64] = np.concatenate(([0], np.cumsum(enter)))
    # Entries in the bars from the exit before, that bar included, up to this one.
    since = np.concatenate(([0], at[:-1]))
    needed = np.zeros(len(leave), dtype=np.bool_)
    needed[at[entries[at] > entries[since]]] = True
    return needed

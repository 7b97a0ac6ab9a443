"""Fair timing: the things compared take turns, and their medians are compared."""

from __future__ import annotations

import gc
import os
import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def one_core() -> None:
    """Bind this process, and the threads that it starts from here on, to one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def medians(
    calls: Mapping[str, Callable[[], object]], *, rounds: int, warm: int = 1
) -> dict[str, float]:
    """Time each call once a round, so that what slows the machine slows all of them.

    Args:
        calls: What to time, by name; results are dropped before the next call.
        rounds: How many times each is timed.
        warm: Rounds before that, which are not counted.

    Returns:
        The median of each, seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(warm + rounds):
        for name, call in calls.items():
            gc.collect()
            begun = time.perf_counter()
            call()
            taken = time.perf_counter() - begun
            if number >= warm:
                seconds[name].append(taken)
    return {name: statistics.median(taken) for name, taken in seconds.items()}

"""How often and how long an exchange is tried."""

from __future__ import annotations

import math
from dataclasses import dataclass

_MILLISECONDS_PER_SECOND = 1000


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """The figures of a guard; all times in seconds.

    Attributes:
        attempts: The most calls that one read makes.
        total: No further attempt begins after this long.
        wait_initial: Before the second attempt; each further wait is twice as long.
        wait_most: The longest wait between attempts.
        wait_jitter: At most so much is added by chance, so that callers spread out.
        failures_to_open: Outages in a row that open the circuit.
        open_first: For so long the circuit lets nothing through; twice as long after
            each trial that fails.
        open_most: The longest that it stays open.
        pause_untold: How long to send nothing when an exchange wants fewer calls but
            does not say for how long.
        pause_most: A longer pause is not waited for: the caller is told.
        turn_most: The longest wait for a turn under the exchange's rate.
    """

    attempts: int = 4
    total: float = 30.0
    wait_initial: float = 0.25
    wait_most: float = 5.0
    wait_jitter: float = 0.5
    failures_to_open: int = 5
    open_first: float = 10.0
    open_most: float = 60.0
    pause_untold: float = 1.0
    pause_most: float = 15.0
    turn_most: float = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """What an exchange states about its rate: so much time for each unit of cost.

    Attributes:
        name: Whose rate it is: calls of one name share it, whatever process they are in.
        milliseconds: Between calls of cost 1.
    """

    name: str
    milliseconds: float

    @property
    def window_seconds(self) -> int:
        """Over how long calls are counted: a second, or what one call takes."""
        return max(1, math.ceil(self.milliseconds / _MILLISECONDS_PER_SECOND))

    @property
    def window_units(self) -> int:
        """What fits into the window, in milliseconds."""
        return self.window_seconds * _MILLISECONDS_PER_SECOND

    def units(self, cost: float) -> int:
        """Return the milliseconds that a call uses up."""
        return max(1, math.ceil(cost * self.milliseconds))

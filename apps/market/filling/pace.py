"""How fast a backfill goes, and how long it will still take, measured and not guessed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

# What the last minute was like says most about the next.
WINDOW_SECONDS = 60.0
# Before that there is too little to go by.
LEAST_SECONDS = 2.0
LEAST_MARKS = 4


@dataclass(slots=True)
class Pace:
    """Counts bars against the clock.

    Attributes:
        total: Bars there were to ask for, as far as is known.
        started: When it began, seconds of a clock that never goes back.
        done: Bars that were asked for and settled, whether they came or not.
        came: Bars that came.
    """

    total: int
    started: float
    done: int = 0
    came: int = 0
    _marks: deque[tuple[float, int, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._marks.append((self.started, 0, 0))

    def mark(self, at: float, *, done: int, came: int, less: int = 0) -> None:
        """Count what was settled up to a moment.

        Args:
            at: The moment, by the clock of `started`.
            done: Bars settled since the last mark.
            came: Bars of these that came.
            less: Bars that turned out not to be there to ask for.
        """
        self.total -= less
        self.done += done
        self.came += came
        self._marks.append((at, self.done, self.came))
        while (
            len(self._marks) > LEAST_MARKS and self._marks[1][0] < at - WINDOW_SECONDS
        ):
            self._marks.popleft()

    @property
    def fraction(self) -> float:
        """How much of all is settled, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total > 0 else 1.0

    @property
    def bars_per_second(self) -> float | None:
        """Bars that came in a second of late; None where it is too early to say."""
        span = self._span()
        return None if span is None else span[2] / span[0]

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the speed of late; None: too early to say."""
        span = self._span()
        if span is None or not span[1]:
            return None
        return max(0, self.total - self.done) / (span[1] / span[0])

    def words(self) -> str:
        """Return how it goes, for a person."""
        text = f"{self.done:,} of {self.total:,} bars"
        speed, left = self.bars_per_second, self.seconds_left
        if speed is not None:
            text += f", {speed:,.0f} bars/s"
        return text + (f", {duration(left)} left" if left is not None else "")

    def _span(self) -> tuple[float, int, int] | None:
        first, last = self._marks[0], self._marks[-1]
        seconds = last[0] - first[0]
        if seconds < LEAST_SECONDS or len(self._marks) < LEAST_MARKS:
            return None
        return seconds, last[1] - first[1], last[2] - first[2]


def duration(seconds: float) -> str:
    """Return a stretch of time as people say it: 42 s, 7 min, 3 h 20 min."""
    whole = round(seconds)
    if whole < 100:  # noqa: PLR2004 - seconds that are still read as such
        return f"{whole} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"

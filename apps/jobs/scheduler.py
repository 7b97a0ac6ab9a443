"""The process that sees to what is due: people's schedules, and the service's upkeep.

Any number of them may run; what is due is done by one. Between looks it sleeps until the
next schedule is due, at most SCHEDULER_GRACE_SECONDS, since a new one may have come.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING

import setproctitle
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.core.database import database_passing
from apps.jobs.selectors import schedules_next_due
from apps.jobs.services import schedules_claim, upkeep_run

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

logger = logging.getLogger(__name__)

SHORTEST_SLEEP = 0.2
DATABASE_RETRY_SECONDS = 1.0


class Scheduler:
    """Looks for what is due until it is told to stop.

    Args:
        sign: Touched each time that the database has answered, for whoever watches.
        seconds: For how long to run; None: until told to stop.
    """

    def __init__(
        self, *, sign: Path | None = None, seconds: float | None = None
    ) -> None:
        self._sign = sign
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or the end of the time given."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        setproctitle.setproctitle("parallax: scheduler")
        while not self._stopping.is_set():
            self._stopping.wait(self._rest(self._look()))
            if self._ends is not None and time.monotonic() >= self._ends:
                return

    def _stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stopping.set()

    def _look(self) -> float:
        """Do what is due; return in how many seconds to look again."""
        try:
            claimed = schedules_claim(now=timezone.now())
            done = upkeep_run(now=timezone.now())
            following = schedules_next_due()
        except DatabaseError as error:
            if not database_passing(error):
                logger.exception("scheduler: the database refused")
            else:
                logger.warning("scheduler: the database failed: %s", error)
            connections.close_all()
            return DATABASE_RETRY_SECONDS
        if self._sign is not None:
            self._sign.touch()
        if claimed.enqueued or claimed.skipped or claimed.failed or done:
            logger.info("scheduler: %s, upkeep %s", claimed, done)
        if following is None:
            return float(settings.SCHEDULER_GRACE_SECONDS)
        return (following - timezone.now()).total_seconds()

    def _rest(self, seconds: float) -> float:
        longest = float(settings.SCHEDULER_GRACE_SECONDS)
        if self._ends is not None:
            longest = min(longest, self._ends - time.monotonic())
        return max(SHORTEST_SLEEP, min(seconds, longest))

"""Worker processes, and the one that keeps them alive.

The keeper forks the workers, restarts those that die, and reaps jobs whose worker fell
silent. A worker takes one job at a time from the carrier that `JOBS_BACKEND` names.
"""

from __future__ import annotations

import importlib
import logging
import math
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import setproctitle
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.core.processes import die_with_parent, exit_describe, signals_reset
from apps.jobs.registry import preload_list
from apps.jobs.services import jobs_reap
from apps.jobs.supervisor import WORKER

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

logger = logging.getLogger(__name__)

REAP_SECONDS = 0.5
TEND_SECONDS = 0.05
RESTART_SECONDS = 1.0
WORKERS = {
    "database": "apps.jobs.carrier.database_worker",
    "celery": "apps.jobs.carrier.celery_worker",
}


@dataclass(slots=True)
class _Slot:
    """Where one worker has its place, whether it lives or not."""

    queue: str
    pid: int | None = None
    started: float = -math.inf


class Keeper:
    """Keeps workers alive until it is told to stop.

    Each queue has workers of its own: an import of ten million rows holds up no
    backtest, and the engines stay warm where the backtests are.

    Args:
        processes: How many workers for each queue.
        queues: The queues.
        sign: Touched each time that the database has answered, for whoever watches.
    """

    def __init__(
        self, *, processes: int, queues: list[str], sign: Path | None = None
    ) -> None:
        self._sign = sign
        self._slots = [_Slot(queue) for queue in queues for _ in range(processes)]
        self._stopping = False

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop the workers and return."""
        # Before the forks, which share the memory of it.
        for name in (*preload_list(), WORKERS[settings.JOBS_BACKEND]):
            importlib.import_module(name)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        setproctitle.setproctitle("parallax: keeper")
        try:
            while not self._stopping:
                self._tend(REAP_SECONDS)
                self._reap_jobs()
        finally:
            self._end()

    def _stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stopping = True

    def _tend(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping:
            for slot in self._slots:
                self._collect(slot)
                if slot.pid is None and not self._stopping:
                    self._start(slot)
            time.sleep(TEND_SECONDS)

    def _collect(self, slot: _Slot) -> None:
        if slot.pid is None:
            return
        done, status = os.waitpid(slot.pid, os.WNOHANG)
        if done:
            logger.warning("worker %d %s", slot.pid, exit_describe(status))
            slot.pid = None

    def _start(self, slot: _Slot) -> None:
        # A worker that dies at once must not be forked in a busy loop.
        if time.monotonic() < slot.started + RESTART_SECONDS:
            return
        # A connection must not be shared across a fork.
        connections.close_all()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            _worker_main(keeper, slot.queue)
        slot.pid, slot.started = pid, time.monotonic()

    def _reap_jobs(self) -> None:
        if self._stopping:
            return
        try:
            reaped = jobs_reap(now=timezone.now())
        except DatabaseError as error:
            logger.warning("reaper: the database failed: %s", error)
            connections.close_all()
            return
        if self._sign is not None:
            self._sign.touch()
        if reaped:
            logger.warning("reaper: %d jobs sent on their way again", reaped)

    def _end(self) -> None:
        alive = [slot.pid for slot in self._slots if slot.pid is not None]
        for pid in alive:
            os.kill(pid, signal.SIGTERM)
        for pid in alive:
            os.waitpid(pid, 0)


def _worker_main(keeper: int, queue: str) -> NoReturn:
    code = 1
    try:
        die_with_parent(keeper)
        signals_reset()
        setproctitle.setproctitle(f"parallax: worker {queue}")
        importlib.import_module(WORKERS[settings.JOBS_BACKEND]).work(queue)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except DatabaseError as error:
        logger.warning("worker: the database failed: %s; starting anew", error)
    except Exception:
        logger.exception("worker: ended by an error of ours")
    finally:
        WORKER.close()
        connections.close_all()
        os._exit(code)

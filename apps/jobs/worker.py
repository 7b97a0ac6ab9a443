"""Worker processes, and the one that keeps them alive.

The keeper forks the workers, restarts those that die, and reaps jobs whose worker fell
silent. A worker takes one job at a time from the carrier.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import setproctitle
from django.conf import settings
from django.db import DatabaseError, connections
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker

from apps.core.processes import die_with_parent, exit_describe, signals_reset
from apps.jobs.registry import preload_list
from apps.jobs.services import jobs_reap
from apps.jobs.supervisor import WORKER, worker_name

if TYPE_CHECKING:
    from types import FrameType

logger = logging.getLogger(__name__)

REAP_SECONDS = 1.0
SLOWEST_RESTART = 30.0
STEADY_SECONDS = 60.0


class JobWorker(Worker):
    """The carrier's own worker, which gives its job back when it is told to stop."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Note the order to stop; the run in hand is given back to the queue."""
        WORKER.stopping = True
        super().shutdown(signum, frame)


@dataclass(frozen=True, slots=True)
class _Worker:
    queue: str
    started: float


class Keeper:
    """Keeps workers alive until it is told to stop.

    Each queue has workers of its own: an import of ten million rows holds up no
    backtest, and the engines stay warm where the backtests are.

    Args:
        processes: How many workers for each queue.
        queues: The queues.
    """

    def __init__(self, *, processes: int, queues: list[str]) -> None:
        self._wanted = processes
        self._queues = queues
        self._workers: dict[int, _Worker] = {}
        self._failures = 0
        self._stopping = False

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop the workers and return."""
        for name in preload_list():
            importlib.import_module(name)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        setproctitle.setproctitle("parallax: keeper")
        try:
            while not self._stopping:
                self._start_missing()
                self._reap_jobs()
                self._wait(REAP_SECONDS)
        finally:
            self._end()

    def _stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stopping = True

    def _start_missing(self) -> None:
        running = Counter(worker.queue for worker in self._workers.values())
        for queue in self._queues:
            for _ in range(self._wanted - running[queue]):
                if not self._stopping:
                    self._start(queue)

    def _start(self, queue: str) -> None:
        # A connection must not be shared across a fork.
        connections.close_all()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            _worker_main(keeper, queue)
        self._workers[pid] = _Worker(queue, time.monotonic())

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopping:
            self._collect()
            time.sleep(0.05)

    def _collect(self) -> None:
        for pid in list(self._workers):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                lived = time.monotonic() - self._workers.pop(pid).started
                logger.warning("worker %d %s", pid, exit_describe(status))
                self._failures = 0 if lived > STEADY_SECONDS else self._failures + 1
                # A worker that dies at once must not be forked in a busy loop.
                time.sleep(min(0.1 * 2**self._failures, SLOWEST_RESTART))

    def _reap_jobs(self) -> None:
        try:
            reaped = jobs_reap(now=timezone.now())
        except DatabaseError as error:
            logger.warning("reaper: the database failed: %s", error)
            connections.close_all()
            return
        if reaped:
            logger.warning("reaper: %d jobs sent on their way again", reaped)

    def _end(self) -> None:
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)
        for pid in self._workers:
            os.waitpid(pid, 0)


def _worker_main(keeper: int, queue: str) -> NoReturn:
    code = 1
    try:
        die_with_parent(keeper)
        signals_reset()
        setproctitle.setproctitle(f"parallax: worker {queue}")
        worker = JobWorker(
            queue_names=[queue],
            interval=settings.JOB_POLL_SECONDS,
            batch=False,
            backend_name=DEFAULT_TASK_BACKEND_ALIAS,
            startup_delay=False,
            max_tasks=None,
            worker_id=worker_name(),
            excluded_queue_names=[],
        )
        worker.configure_signals()
        worker.run()
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

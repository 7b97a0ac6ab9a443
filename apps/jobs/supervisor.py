"""One run of a job, seen through by its worker.

The worker claims the job, forks a process for the work, keeps the lease while that runs,
and writes down how it ended. It has no threads: one loop waits for the child's messages,
its end, the next heartbeat, and the order to stop.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from multiprocessing import connection as mp
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connections
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.core.processes import exit_describe, group_kill
from apps.jobs.child import child_main
from apps.jobs.errors import JobTimedOut
from apps.jobs.registry import resource_make
from apps.jobs.services import (
    job_claim,
    job_fail,
    job_heartbeat,
    job_release,
    job_succeed,
)
from apps.jobs.services.lease import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.jobs.models import Job
    from apps.jobs.registry import WorkerResource

logger = logging.getLogger(__name__)

# A cancelled job should stop soon, so the heart beats at least once a second.
SLOWEST_HEARTBEAT = 1.0
TICK_SECONDS = 0.2
DATABASE_RETRY_SECONDS = 1.0


class WorkerState:
    """What a worker process keeps from one job to the next."""

    def __init__(self) -> None:
        self.stopping = False
        self._resources: dict[str, WorkerResource] = {}

    def resource(self, kind: str, name: str) -> str:
        """Return the address of a resource; it is started when it is not there."""
        if kind not in self._resources:
            self._resources[kind] = resource_make(kind)
        return self._resources[kind].ensure(name)

    def close(self) -> None:
        """Let go of all resources."""
        for keeper in self._resources.values():
            keeper.close()
        self._resources.clear()


WORKER = WorkerState()


def worker_name() -> str:
    """Return this worker's name: host and process."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def job_run(job_id: str) -> None:
    """Claim a job and see one run of it through; nothing when it cannot be claimed."""
    job = job_claim(job_id=UUID(job_id), worker=worker_name(), now=timezone.now())
    if job is None:
        return
    logger.info("job %s (%s): attempt %d", job.pk, job.kind, job.attempt)
    _Run(job).see_through()


class _Run:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.held = True
        self.outcome: dict[str, Any] | None = None
        self.fraction, self.message = 0.0, ""
        self.log: list[str] = []
        self.lease_ends = time.monotonic() + settings.JOB_LEASE_SECONDS
        self.deadline = time.monotonic() + settings.JOB_WALL_SECONDS

    def see_through(self) -> None:
        """Fork, watch, and write down the end."""
        # A connection must not be shared across a fork.
        connections.close_all()
        ours, theirs = mp.Pipe()
        parent_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            ours.close()
            child_main(self.job, theirs, parent_pid)
        theirs.close()
        pid_fd = os.pidfd_open(pid)
        try:
            reason = self._watch(ours, pid_fd)
        finally:
            group_kill(pid)
            _, status = os.waitpid(pid, 0)
            os.close(pid_fd)
            ours.close()
        self._conclude(reason, status)

    def _watch(self, pipe: mp.Connection, pid_fd: int) -> str:
        """Wait until the run ends; say why it was ended, or an empty string."""
        interval = min(settings.JOB_LEASE_SECONDS / 3, SLOWEST_HEARTBEAT)
        next_beat = time.monotonic() + interval
        while True:
            ready = mp.wait([pipe, pid_fd], timeout=min(TICK_SECONDS, interval))
            if pipe in ready and not self._receive(pipe):
                return ""
            if pid_fd in ready and not pipe.poll():
                return ""
            if self.outcome is not None:
                return ""
            now = time.monotonic()
            if WORKER.stopping:
                return "stopping"
            if now > self.deadline:
                return "timed out"
            if now >= next_beat:
                next_beat = now + interval
                self._beat()
            if not self.held:
                return "lost"

    def _receive(self, pipe: mp.Connection) -> bool:
        try:
            message = json.loads(pipe.recv_bytes())
        except (EOFError, OSError, ValueError):
            return False
        match message["type"]:
            case "progress":
                self.fraction, self.message = message["fraction"], message["message"]
            case "log":
                self.log.append(message["message"])
            case "resource":
                pipe.send_bytes(json.dumps(_resource_answer(message)).encode())
            case "done" | "failed":
                self.outcome = message
        return True

    def _beat(self) -> None:
        log, self.log = self.log, []
        try:
            self.held = job_heartbeat(
                job_id=self.job.pk,
                attempt=self.job.attempt,
                progress=Progress(self.fraction, self.message, log),
                now=timezone.now(),
            )
            self.lease_ends = time.monotonic() + settings.JOB_LEASE_SECONDS
        except OperationalError as error:
            logger.warning("job %s: heartbeat failed: %s", self.job.pk, error)
            connections.close_all()
            self.log = [*log, *self.log]
            # Without a lease another worker may have the job: stop working on it.
            self.held = time.monotonic() < self.lease_ends

    def _conclude(self, reason: str, status: int) -> None:
        if reason == "lost":
            logger.warning("job %s: cancelled or taken over", self.job.pk)
            return
        held: dict[str, Any] = {"job_id": self.job.pk, "attempt": self.job.attempt}
        log = self.log

        def conclude() -> bool:
            now = timezone.now()
            if reason == "stopping":
                text = "The worker was told to stop"
                return job_release(**held, reason=text, now=now, counts=False)
            if reason == "timed out":
                limit = settings.JOB_WALL_SECONDS
                timed_out = JobTimedOut(f"The job took longer than {limit:g} s.")
                return job_fail(**held, error=timed_out, log=log, now=now)
            if self.outcome is None:
                text = f"The job's process {exit_describe(status)}"
                return job_release(**held, reason=text, now=now)
            if self.outcome["type"] == "done":
                result = self.outcome["result"]
                return job_succeed(**held, result=result, log=log, now=now)
            error = ApplicationError(
                self.outcome["message"],
                code=self.outcome["code"],
                attr=self.outcome["attr"],
            )
            return job_fail(**held, error=error, log=log, now=now)

        written = _insist(conclude, self.lease_ends)
        logger.info("job %s: concluded, written=%s", self.job.pk, written)


def _resource_answer(message: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"address": WORKER.resource(message["kind"], message["name"])}
    except ApplicationError as error:
        found = {"code": error.code, "message": error.message, "attr": error.attr}
        return {"error": found}


def _insist(write: Callable[[], bool], until: float) -> bool:
    """Repeat a write while the database is away, as long as the lease lasts."""
    while True:
        try:
            return write()
        except OperationalError as error:
            logger.warning("jobs: the database failed: %s", error)
            connections.close_all()
            if time.monotonic() > until:
                return False
            time.sleep(DATABASE_RETRY_SECONDS)

"""The process that does one run of a job, forked from its worker."""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.utils import timezone

from apps.core import context as log_context
from apps.core.errors import ApplicationError, Unavailable
from apps.core.processes import die_with_parent, memory_limit, signals_reset
from apps.jobs.enums import JobState
from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.jobs.registry import handler_get

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

logger = logging.getLogger(__name__)


class ForkedContext:
    """A `JobContext` that speaks with the worker over a pipe."""

    def __init__(self, job: Job, pipe: Connection) -> None:
        self.job_id = job.pk
        self.owner_id = job.owner_id
        self.payload: dict[str, Any] = job.payload
        self._attempt = job.attempt
        self._pipe = pipe
        # Several engines may be waited for at once, each by a thread.
        self._asking = threading.Lock()

    def progress(self, fraction: float, message: str) -> None:
        """Tell the worker how far the work has come."""
        bounded = min(max(fraction, 0.0), 1.0)
        self._send(type="progress", fraction=bounded, message=message[:200])

    def log(self, message: str) -> None:
        """Give the worker a line for the job's log."""
        self._send(type="log", message=message)

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Open a transaction that only the run holding the job can commit."""
        with transaction.atomic():
            # The update locks the row until the commit: nobody can cancel or take the
            # job between this look and the end of what is written under it.
            held = Job.objects.filter(
                pk=self.job_id, state=JobState.RUNNING, attempt=self._attempt
            ).update(updated_at=timezone.now())
            if not held:
                msg = "The job was cancelled, or another worker has taken it over."
                raise JobLost(msg)
            yield

    def resource(self, kind: str, name: str) -> str:
        """Ask the worker for something that outlives the job."""
        with self._asking:
            self._send(type="resource", kind=kind, name=name)
            answer = json.loads(self._pipe.recv_bytes())
        if "error" in answer:
            error = answer["error"]
            raise Unavailable(error["message"], code=error["code"], attr=error["attr"])
        return str(answer["address"])

    def done(self, result: dict[str, Any]) -> None:
        """Hand over the result."""
        self._send(type="done", result=result)

    def failed(self, error: ApplicationError) -> None:
        """Hand over the reason of the failure."""
        self._send(
            type="failed", code=error.code, message=error.message, attr=error.attr
        )

    def _send(self, **message: Any) -> None:
        self._pipe.send_bytes(json.dumps(message).encode())


def child_main(job: Job, pipe: Connection, parent_pid: int) -> NoReturn:
    """Do one run of a job and end the process; never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        die_with_parent(parent_pid)
        signals_reset()
        memory_limit(settings.JOB_MEMORY_BYTES)
        log_context.request_id.set(f"job-{job.pk}")
        log_context.user_id.set(str(job.owner_id))
        _run(job, ForkedContext(job, pipe))
        code = 0
    except BaseException:
        logger.exception("job %s: its process could not report", job.pk)
    finally:
        connections.close_all()
        # Not sys.exit: the worker's own clean-up must not run twice.
        os._exit(code)


def _run(job: Job, context: ForkedContext) -> None:
    try:
        context.done(handler_get(job.kind)(context))
    except ApplicationError as error:
        context.failed(error)
    except MemoryError:
        limit = settings.JOB_MEMORY_BYTES // 1024**2
        context.failed(
            ApplicationError(
                f"The job needed more than its {limit:,} MiB of memory; use a shorter "
                "range, or raise JOB_MEMORY_BYTES.",
                code="memory_exceeded",
            )
        )
    except OperationalError as error:
        logger.warning("job %s: the database failed: %s", job.pk, error)
        context.failed(
            Unavailable(
                "The database did not answer while the job ran.",
                code="database_unavailable",
            )
        )
    except Exception:
        # The edge of the job: whatever happened is told without its internals.
        logger.exception("job %s (%s) failed", job.pk, job.kind)
        context.failed(
            ApplicationError(
                "An error of ours; the cause is in the worker's log under this job's id."
            )
        )

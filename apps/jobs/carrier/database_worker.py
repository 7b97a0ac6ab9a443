"""A worker that takes jobs from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.tasks import DEFAULT_TASK_BACKEND_ALIAS
from django_tasks_db.management.commands.db_worker import Worker

from apps.jobs.supervisor import WORKER, worker_name

if TYPE_CHECKING:
    from types import FrameType


class JobWorker(Worker):
    """The carrier's own worker, which gives its job back when it is told to stop."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Note the order to stop; the run in hand is given back to the queue."""
        WORKER.stopping = True
        super().shutdown(signum, frame)


def work(queue: str) -> None:
    """Take jobs of one queue, one at a time, until told to stop."""
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

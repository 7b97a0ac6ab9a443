"""A worker that takes jobs from Celery: one slot, one queue, no threads."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from importlib import import_module
from typing import TYPE_CHECKING

from celery.exceptions import Reject
from celery.worker import WorkController, state
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connections,
)

from apps.jobs.carrier.celery import TASK, app_get
from apps.jobs.supervisor import WORKER, job_run

if TYPE_CHECKING:
    from types import FrameType

logger = logging.getLogger(__name__)

DATABASE_RETRY_SECONDS = 1.0
# Celery loads these by name when a worker starts: a fifth of a second of work, which the
# keeper does once before it forks, and memory that the workers share.
for _name in (
    "celery.app.control",
    "celery.app.events",
    "celery.backends.base",
    "celery.concurrency.solo",
    "celery.events.dispatcher",
    "celery.loaders.app",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "kombu.transport.redis",
):
    import_module(_name)


def work(queue: str) -> None:
    """Take jobs of one queue, one at a time, until told to stop.

    Raises:
        SystemExit: The worker could not go on; the keeper starts another.
    """
    app = app_get()
    app.set_current()
    app.task(run_job, name=TASK, shared=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _stop)
    worker = WorkController(
        app=app,
        hostname=f"{queue}-{os.getpid()}@{socket.gethostname()}",
        queues=[queue],
        # The supervisor forks the job's process itself, so that a pool of processes
        # would only stand between the two.
        pool="solo",
        concurrency=1,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
    )
    worker.start()
    if worker.exitcode:
        raise SystemExit(worker.exitcode)


def run_job(job_id: str) -> None:
    """Claim the job and see it through; waits for a database that is away."""
    while True:
        close_old_connections()
        try:
            job_run(job_id)
        except (OperationalError, InterfaceError) as error:
            logger.warning("worker: the database failed: %s", error)
            connections.close_all()
            if WORKER.stopping:
                raise Reject(error, requeue=True) from error
            time.sleep(DATABASE_RETRY_SECONDS)
        else:
            break
    close_old_connections()


def _stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # The run in hand is given back; the loop ends at its next turn.
    WORKER.stopping = True
    state.should_stop = os.EX_OK

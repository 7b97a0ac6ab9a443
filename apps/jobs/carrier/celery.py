"""Jobs carried by Celery on Redis, for many machines of workers.

A message holds a job's id and nothing else, and is sent once the job is committed. Where
Redis cannot be reached, the request succeeds all the same: the job is queued, and the
reaper sends it when Redis is back.
"""

from __future__ import annotations

import json
import logging
import time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from celery import Celery
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from kombu.exceptions import OperationalError
from redis import Redis, RedisError

from apps.jobs.carrier import UNSENT
from apps.jobs.enums import JobQueue
from apps.jobs.models import Job

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

logger = logging.getLogger(__name__)

TASK = "parallax.run_job"
# Connecting and the first answer together take at most a second of a request.
PATIENCE = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
# A Redis that hangs costs one caller its patience, and not each of a hundred.
SILENCE_SECONDS = 1.0
# How many of the oldest messages are looked through: nearly always the first will do.
WINDOWS = (500, 5_000)

CONFIG: dict[str, Any] = {
    # The job's row is the result.
    "result_backend": None,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_queues": {
        name: {"exchange": name, "routing_key": name} for name in JobQueue.values
    },
    "task_create_missing_queues": False,
    # A message goes back to the queue unless its run has come to an end.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    # Workers wait for Redis as long as it takes: 2 s, 4 s, … 30 s between two attempts.
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
}
TRANSPORT: dict[str, Any] = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # One list for each queue: there are no priorities.
    "priority_steps": [0],
    "socket_connect_timeout": 3,
    "socket_timeout": 3,
    "health_check_interval": 10,
}


class _Silence:
    """Remembers that Redis did not answer just now."""

    until = 0.0

    @classmethod
    def begin(cls) -> None:
        cls.until = time.monotonic() + SILENCE_SECONDS

    @classmethod
    def holds(cls) -> bool:
        return time.monotonic() < cls.until


def carry(*, job_id: UUID, queue: str) -> str:
    """Send a job's id on its way when the transaction is committed."""
    carrier_id = str(uuid4())
    send = partial(_send, job_id=str(job_id), queue=queue, carrier_id=carrier_id)
    # Robust: what is committed stands, whatever becomes of the message.
    transaction.on_commit(send, robust=True)
    return carrier_id


def under_way(*, queue: str, carrier_ids: Iterable[str]) -> set[str]:
    """Return those of the parcels that are still waiting for a worker.

    A message that a worker has fetched does not count: its job is claimed at once, or
    the worker has died with it. What cannot be known counts as waiting: messages behind
    `WINDOWS` others, and all of them while Redis is away.
    """
    wanted = set(carrier_ids)
    sent = wanted - {UNSENT}
    if not wanted or _Silence.holds():
        return wanted
    try:
        with Redis.from_url(_url(), **PATIENCE) as redis:
            for window in WINDOWS:
                key = settings.JOBS_REDIS_PREFIX + queue
                messages = redis.lrange(key, -window, -1)
                found = sent & {_message_id(message) for message in messages}
                if found == sent or len(messages) < window:
                    return found
    except RedisError as error:
        _Silence.begin()
        logger.warning("jobs: Redis cannot be asked what waits: %s", error)
        return wanted
    return sent


def app_get() -> Celery:
    """Return the Celery application of the installation."""
    return _app(_url(), settings.JOBS_REDIS_PREFIX)


def _url() -> str:
    if settings.JOBS_REDIS_URL is None:
        msg = "JOBS_BACKEND=celery needs JOBS_REDIS_URL or REDIS_URL"
        raise ImproperlyConfigured(msg)
    return settings.JOBS_REDIS_URL.get_secret_value()


@lru_cache
def _app(url: str, prefix: str) -> Celery:
    if url.startswith("rediss://") and "ssl_cert_reqs" not in url:
        # Celery would take any certificate, where all others of ours verify it.
        url += f"{'&' if '?' in url else '?'}ssl_cert_reqs=required"
    app = Celery("parallax", broker=url, fixups=[], set_as_current=False)
    app.conf.update(CONFIG)
    app.conf.broker_transport_options = TRANSPORT | {"global_keyprefix": prefix}
    return app


def _send(*, job_id: str, queue: str, carrier_id: str) -> None:
    if _Silence.holds() or not _sent(job_id, queue, carrier_id):
        # The reaper need not wait for a lease to know: it sends the job when it can.
        Job.objects.filter(pk=job_id, carrier_id=carrier_id).update(carrier_id=UNSENT)


def _sent(job_id: str, queue: str, carrier_id: str) -> bool:
    app = app_get()
    try:
        # A connection for each message: none is shared by threads or across a fork, and
        # none has died unnoticed since the last one.
        with app.connection(transport_options=PATIENCE | {"max_retries": 0}) as link:
            app.send_task(
                TASK,
                args=[job_id],
                task_id=carrier_id,
                queue=queue,
                connection=link,
                retry=False,
            )
    except OperationalError as error:
        _Silence.begin()
        logger.warning("job %s waits until Redis is back: %s", job_id, error)
        return False
    return True


def _message_id(message: bytes) -> str | None:
    try:
        return str(json.loads(message)["headers"]["id"])
    except (ValueError, KeyError, TypeError):
        return None  # not one of ours

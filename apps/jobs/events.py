"""What becomes of a job, told as it happens, to somebody who waits for it.

Server-sent events: one connection instead of a poll each second. What is told is always
the job as it stands, so a reader that was cut off loses nothing by connecting again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from rest_framework.renderers import JSONRenderer

from apps.jobs.enums import FINAL_STATES
from apps.jobs.errors import JobNotFound, TooManyStreams
from apps.jobs.selectors import job_get
from apps.jobs.serializers import JobOutput

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from apps.users.models import User

LOOK_SECONDS = 0.5
# Proxies and phones take a silent connection for a dead one.
HEARTBEAT_SECONDS = 15.0
# Who reads on connects again, and shows again that they may: a key that was revoked
# meanwhile is refused then.
LONGEST_SECONDS = 60.0
MOST_PER_USER = 20
RETRY_MS = 2000

_open: Counter[UUID] = Counter()


def stream_admit(*, actor: User) -> None:
    """Refuse a stream beyond what one user may hold open in this process.

    Raises:
        TooManyStreams: They hold that many.
    """
    if _open[actor.pk] >= MOST_PER_USER:
        msg = f"You hold {MOST_PER_USER} streams open; close one first."
        raise TooManyStreams(msg)


async def job_events(*, actor: User, job_id: UUID) -> AsyncGenerator[str]:
    """Yield the job each time it has changed, until it has ended.

    Args:
        actor: Whose job it is.
        job_id: The job.

    Yields:
        Server-sent events: `job` with the job as `GET /jobs/{id}/` gives it, `gone`
        where it was deleted, and comments while nothing happens.
    """
    _open[actor.pk] += 1
    try:
        yield f"retry: {RETRY_MS}\n\n"
        ends = time.monotonic() + LONGEST_SECONDS
        told, spoke = "", time.monotonic()
        while time.monotonic() < ends:
            text, final = await _look(actor, job_id)
            if text != told:
                told, spoke = text, time.monotonic()
                yield text
            elif time.monotonic() - spoke > HEARTBEAT_SECONDS:
                spoke = time.monotonic()
                yield ": waiting\n\n"
            if final:
                return
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        _open[actor.pk] -= 1
        if not _open[actor.pk]:
            del _open[actor.pk]


async def _look(actor: User, job_id: UUID) -> tuple[str, bool]:
    """Return the event for the job as it stands, and whether it is the last."""
    try:
        found = await sync_to_async(_read, thread_sensitive=False)(actor, job_id)
    except JobNotFound as error:
        return _event("gone", {"code": error.code, "detail": error.message}), True
    except DatabaseError:
        # The reader is told to come again rather than that the job has failed.
        return ": the database does not answer\n\n", True
    return _event("job", found), found["state"] in FINAL_STATES


def _read(actor: User, job_id: UUID) -> dict[str, Any]:
    try:
        return dict(JobOutput(job_get(actor=actor, job_id=job_id)).data)
    finally:
        # The thread is one of many, and not this request's own.
        connection.close()


def _event(name: str, data: dict[str, Any]) -> str:
    # Rendered on one line: a line break would end the field.
    return f"event: {name}\ndata: {JSONRenderer().render(data).decode()}\n\n"

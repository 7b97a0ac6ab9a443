"""Telling a job's owner what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.core.outbox.recording import BODY_MOST_BYTES, body_text, event_record
from apps.jobs.enums import JobState

if TYPE_CHECKING:
    from datetime import datetime

    from apps.jobs.models import Job

TOPIC = "jobs"
# Beside the names of its states: it is queued anew, because somebody asked for it.
RETRIED = "retried"
DETAIL_MOST = 2000


def job_tell(*, job: Job, now: datetime, name: str | None = None) -> None:
    """Write down where a job stands, in the transaction that brought it there.

    Args:
        job: As it is now.
        now: UTC.
        name: What happened; None: it came to its state.
    """
    event_record(
        owner=job.owner_id,
        topic=TOPIC,
        name=name or job.state,
        body=_body(job),
        now=now,
    )


def _body(job: Job) -> dict[str, Any]:
    failed = job.state == JobState.FAILED
    error = {
        "code": job.error_code,
        "detail": job.error_message,
        "attr": job.error_attr or None,
    }
    body = {
        "id": job.pk,
        "kind": job.kind,
        "state": job.state,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "progress": job.progress,
        "result": job.result,
        "result_omitted": False,
        "error": error if failed else None,
    }
    if len(body_text(body)) > BODY_MOST_BYTES:
        # It is read from the job itself; a long error is told by its beginning.
        body |= {"result": None, "result_omitted": job.result is not None}
        error["detail"] = job.error_message[:DETAIL_MOST]
    return body

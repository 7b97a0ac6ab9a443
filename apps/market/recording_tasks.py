"""Recordings made captures, as jobs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.core.errors import ApplicationError, Unavailable
from apps.jobs.errors import JobLost
from apps.jobs.registry import job_handler
from apps.market.selectors.captures import CAPTURE_ENGINE
from apps.market.selectors.recordings import recording_get
from apps.market.services.recordings import (
    RECORDING_JOB,
    recording_fail,
    recording_import,
)
from apps.market.services.work import ImportWork

if TYPE_CHECKING:
    from apps.jobs.registry import JobContext


@job_handler(RECORDING_JOB)
def run_recording_import(context: JobContext) -> dict[str, Any]:
    """Make a capture of the recording that a job names."""
    recording_id = UUID(context.payload["recording"])
    owner = get_user_model().objects.get(pk=context.owner_id)
    try:
        capture = recording_import(
            recording=recording_get(actor=owner, recording_id=recording_id),
            locate=partial(context.resource, "engine", CAPTURE_ENGINE),
            work=ImportWork(context.progress, context.fenced, context.job_id),
            now=timezone.now,
        )
    except (JobLost, Unavailable):
        # What is only down may be there when the job is run again.
        raise
    except ApplicationError as error:
        recording_fail(
            recording_id=recording_id, message=error.message, now=timezone.now()
        )
        raise
    return {"capture_id": str(capture.pk), "rows": capture.rows}

"""Delete a recording that has ended, and what was written of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.files import folder_delete
from apps.jobs.enums import FINAL_STATES
from apps.jobs.models import Job
from apps.market.errors.live import RecordingRunning
from apps.market.models import Recording
from apps.market.selectors.demand import RUNNING
from apps.market.selectors.recordings import recording_get
from apps.market.store.paths import RECORDINGS

if TYPE_CHECKING:
    from uuid import UUID

    from apps.users.models import User


@transaction.atomic
def recording_delete(*, actor: User, recording_id: UUID) -> None:
    """Delete a recording that has ended, and its parts after the commit.

    A capture that became of it stays.

    Raises:
        RecordingNotFound: No such recording for this actor.
        RecordingRunning: It runs, or a job that has not ended reads it.
    """
    recording = recording_get(actor=actor, recording_id=recording_id)
    job = Job.objects.filter(payload__recording=str(recording.pk), owner=actor)
    if job.exclude(state__in=FINAL_STATES).exists():
        msg = "A job reads the recording; cancel it, or wait until it has ended."
        raise RecordingRunning(msg)
    ended = Recording.objects.filter(pk=recording.pk).exclude(state__in=RUNNING)
    if not ended.delete()[0]:
        msg = "The recording runs; stop it, and wait until it has ended."
        raise RecordingRunning(msg)
    transaction.on_commit(lambda: folder_delete(f"{RECORDINGS}/{recording_id}"))

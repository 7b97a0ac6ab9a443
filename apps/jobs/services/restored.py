"""What jobs need when they come back from a backup."""

from __future__ import annotations

from django.db.models import F

from apps.jobs.enums import JobState
from apps.jobs.models import Job


def jobs_give_back() -> str:
    """Queue again what was running when the backup was made; say how many.

    Neither its worker nor its parcel came back with the row. The reaper carries anew what
    waits without a parcel, these and those that were queued.
    """
    number = Job.objects.filter(state=JobState.RUNNING).update(
        state=JobState.QUEUED,
        lease_until=None,
        worker="",
        # It was not the job's fault.
        max_attempts=F("max_attempts") + 1,
    )
    waiting = Job.objects.filter(state=JobState.QUEUED).count()
    if not waiting:
        return ""
    return f"{waiting} jobs wait to be done, {number} of which were running"

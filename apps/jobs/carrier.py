"""What brings a job's id to a worker: `django.tasks`, in the same transaction.

The carrier may lose an id, or bring it twice: the `Job` row is the truth, claiming it is
exclusive, and the reaper carries what was dropped once more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django.tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

SUPERVISOR = "apps.jobs.supervisor"


@task()
def run_job(job_id: str) -> None:
    """Claim the job and see it through; runs in a worker."""
    # By name: the supervisor stands above the services that carry jobs to it.
    import_module(SUPERVISOR).job_run(job_id)


def carry(*, job_id: UUID, queue: str) -> str:
    """Send a job's id on its way.

    Returns:
        The carrier's own id of the parcel.
    """
    return str(run_job.using(queue_name=queue).enqueue(str(job_id)).id)


def under_way(carrier_ids: Iterable[str]) -> set[str]:
    """Return those of the parcels that are still waiting for a worker."""
    waiting = DBTaskResult.objects.filter(
        pk__in=list(carrier_ids), status=TaskResultStatus.READY
    )
    return {str(pk) for pk in waiting.values_list("pk", flat=True)}

"""Jobs carried by the database they are kept in: `django.tasks`, nothing else to run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django.tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from apps.jobs.carrier import UNSENT

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
    """Send a job's id on its way, in the caller's transaction."""
    return str(run_job.using(queue_name=queue).enqueue(str(job_id)).id)


def under_way(*, queue: str, carrier_ids: Iterable[str]) -> set[str]:
    """Return those of the parcels that are still waiting for a worker."""
    sent = [carrier_id for carrier_id in carrier_ids if carrier_id != UNSENT]
    waiting = DBTaskResult.objects.filter(
        pk__in=sent, queue_name=queue, status=TaskResultStatus.READY
    )
    return {str(pk) for pk in waiting.values_list("pk", flat=True)}

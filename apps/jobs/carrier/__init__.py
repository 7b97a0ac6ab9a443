"""What brings a job's id to a worker: the database, or Celery on Redis.

A carrier may lose an id, or bring it twice: the `Job` row is the truth, claiming it is
exclusive, and the reaper carries what was dropped once more. What each needs is imported
once it is chosen, so that nobody pays for the other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

CARRIERS = {
    "database": "apps.jobs.carrier.database",
    "celery": "apps.jobs.carrier.celery",
}
# The id of the parcel of a job that could not be sent.
UNSENT = ""


class Carrier(Protocol):
    """What a carrier can do."""

    def carry(self, *, job_id: UUID, queue: str) -> str:
        """Send a job's id on its way, once the transaction is committed."""
        ...

    def under_way(self, *, queue: str, carrier_ids: Iterable[str]) -> set[str]:
        """Return those of the parcels that are still waiting for a worker."""
        ...


def carry(*, job_id: UUID, queue: str) -> str:
    """Send a job's id on its way; a rollback of the transaction leaves nothing of it.

    Args:
        job_id: The job.
        queue: Which workers take it.

    Returns:
        The carrier's own id of the parcel.
    """
    return _chosen().carry(job_id=job_id, queue=queue)


def under_way(*, queue: str, carrier_ids: Iterable[str]) -> set[str]:
    """Return those of a queue's parcels that are still waiting for a worker."""
    return _chosen().under_way(queue=queue, carrier_ids=carrier_ids)


def _chosen() -> Carrier:
    return cast("Carrier", import_module(CARRIERS[settings.JOBS_BACKEND]))

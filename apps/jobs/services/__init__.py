"""Every write about jobs: what people ask for, and the lease that workers hold."""

from __future__ import annotations

from apps.jobs.services.lease import (
    job_claim,
    job_fail,
    job_heartbeat,
    job_release,
    job_succeed,
    jobs_reap,
)
from apps.jobs.services.requests import job_cancel, job_enqueue, job_retry
from apps.jobs.services.schedules import (
    Claimed,
    schedule_begun,
    schedule_create,
    schedule_delete,
    schedule_update,
    schedules_claim,
    schedules_follow,
)
from apps.jobs.services.upkeep import upkeep_run

__all__ = (
    "Claimed",
    "job_cancel",
    "job_claim",
    "job_enqueue",
    "job_fail",
    "job_heartbeat",
    "job_release",
    "job_retry",
    "job_succeed",
    "jobs_reap",
    "schedule_begun",
    "schedule_create",
    "schedule_delete",
    "schedule_update",
    "schedules_claim",
    "schedules_follow",
    "upkeep_run",
)

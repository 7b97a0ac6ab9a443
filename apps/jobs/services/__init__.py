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

__all__ = (
    "job_cancel",
    "job_claim",
    "job_enqueue",
    "job_fail",
    "job_heartbeat",
    "job_release",
    "job_retry",
    "job_succeed",
    "jobs_reap",
)

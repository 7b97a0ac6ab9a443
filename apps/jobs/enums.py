"""The states of a job."""

from __future__ import annotations

from django.db import models


class JobState(models.TextChoices):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class JobQueue(models.TextChoices):
    """Which workers take a job."""

    DEFAULT = "default"
    BACKTEST = "backtest"
    LIVE = "live"

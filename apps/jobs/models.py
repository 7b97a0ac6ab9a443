"""The truth about background work; a queue only carries a job's id."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.models import BaseModel
from apps.jobs.enums import JobQueue, JobState


class Job(BaseModel):
    """One piece of work, its state, and what became of it.

    `attempt` is the fence: whoever claims the job raises it, and only the run that holds
    the current number may report progress or a result.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs"
    )
    kind = models.CharField(max_length=64)
    queue = models.CharField(
        max_length=16, choices=JobQueue.choices, default=JobQueue.DEFAULT
    )
    payload = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        max_length=16, choices=JobState.choices, default=JobState.QUEUED
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    worker = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    enqueued_at = models.DateTimeField()
    carrier_id = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0.0)
    progress_message = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    error_attr = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="job_owner_created"),
            models.Index(fields=("state", "lease_until"), name="job_state_lease"),
            models.Index(fields=("finished_at", "state", "kind"), name="job_finished"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=JobState.values), name="job_state_known"
            ),
            models.CheckConstraint(
                condition=Q(attempt__lte=F("max_attempts")), name="job_attempts_bounded"
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0) & Q(progress__lte=1),
                name="job_progress_is_fraction",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING) | Q(lease_until__isnull=False),
                name="job_running_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class JobLogLine(models.Model):
    """One line that a job wrote about itself."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_lines")
    attempt = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    message = models.CharField(max_length=500)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.message


class Schedule(BaseModel):
    """Work that is due again and again; each time it is due, one job is enqueued.

    `next_due` is moved on by one conditional UPDATE, in the transaction that enqueues
    the job, so that of several schedulers exactly one does it. `missed` counts due
    moments at which no scheduler ran, `skipped` those at which the last job still did.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="schedules"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=64)
    payload = models.JSONField(default=dict, blank=True)
    every_seconds = models.PositiveIntegerField()
    next_due = models.DateTimeField()
    enabled = models.BooleanField(default=True)
    last_job_id = models.UUIDField(null=True, blank=True)
    last_claimed_at = models.DateTimeField(null=True, blank=True)
    runs = models.PositiveBigIntegerField(default=0)
    missed = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("enabled", "next_due"), name="schedule_due"),
            models.Index(fields=("owner", "-created_at"), name="schedule_owner"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("owner", "name"), name="schedule_once"),
            models.CheckConstraint(
                condition=Q(every_seconds__gt=0), name="schedule_has_a_period"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Upkeep(models.Model):
    """When the service's own upkeep was done last, and when it is due again."""

    name = models.CharField(max_length=64, primary_key=True)
    next_due = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True, blank=True)
    runs = models.PositiveBigIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

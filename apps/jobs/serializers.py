"""Shapes of jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.serializers import StrictSerializer
from apps.jobs.enums import JobState
from apps.jobs.models import Job, JobLogLine, Schedule


class JobErrorOutput(serializers.Serializer[Any]):
    """Why a job failed, as the API's errors are."""

    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="What was wrong; what would be right.")
    attr = serializers.CharField(allow_null=True, help_text="What it concerns.")


class JobLinksOutput(serializers.Serializer[Any]):
    """What can be done next; null where it cannot."""

    self = serializers.CharField(help_text="This job.")
    log = serializers.CharField(help_text="What it wrote about itself.")
    events = serializers.CharField(help_text="Its changes as they come, as a stream.")
    cancel = serializers.CharField(allow_null=True, help_text="POST to stop it.")
    retry = serializers.CharField(allow_null=True, help_text="POST to run it again.")


class JobOutput(serializers.ModelSerializer[Job]):
    """A job as its owner sees it."""

    state = serializers.ChoiceField(
        choices=JobState.choices, help_text="The last three states are final."
    )
    result = serializers.JSONField(
        read_only=True, allow_null=True, help_text="Set when it succeeded."
    )
    error = serializers.SerializerMethodField(help_text="Set when it failed.")
    _links = serializers.SerializerMethodField(help_text="What can be done next.")

    class Meta:
        model = Job
        fields = (
            "id",
            "kind",
            "state",
            "attempt",
            "max_attempts",
            "progress",
            "progress_message",
            "result",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(JobErrorOutput(allow_null=True))
    def get_error(self, job: Job) -> dict[str, str | None] | None:
        """Return the error of a failed job."""
        if job.state != JobState.FAILED:
            return None
        return {
            "code": job.error_code,
            "detail": job.error_message,
            "attr": job.error_attr or None,
        }

    @extend_schema_field(JobLinksOutput)
    def get__links(self, job: Job) -> dict[str, str | None]:
        """Return where this job can be read, stopped or run again."""
        where = {"job_id": job.pk}
        active = job.state in {JobState.QUEUED, JobState.RUNNING}
        again = job.state in {JobState.FAILED, JobState.CANCELLED}
        return {
            "self": reverse("job_detail", kwargs=where),
            "log": reverse("job_log", kwargs=where),
            "events": reverse("job_events", kwargs=where),
            "cancel": reverse("job_cancel", kwargs=where) if active else None,
            "retry": reverse("job_retry", kwargs=where) if again else None,
        }


class JobLogLineOutput(serializers.ModelSerializer[JobLogLine]):
    """A line of a job's log."""

    class Meta:
        model = JobLogLine
        fields = ("at", "attempt", "message")
        read_only_fields = fields


class ScheduleCreateInput(StrictSerializer):
    """Work to be put on a schedule."""

    name = serializers.CharField(
        max_length=120, help_text="For people; unique among your schedules."
    )
    kind = serializers.CharField(
        max_length=64, help_text="The kind of job, such as candles.backfill."
    )
    payload = serializers.DictField(
        help_text="What each job is given, as the body that asks for one job."
    )
    every_seconds = serializers.IntegerField(
        min_value=1, help_text="How often it is due, from 60 seconds to a year."
    )
    first_due = serializers.DateTimeField(
        required=False, help_text="When it is due first; after one period by default."
    )
    enabled = serializers.BooleanField(
        default=True, help_text="Whether jobs are enqueued at all."
    )


class ScheduleUpdateInput(StrictSerializer):
    """What is to change; the rest stays."""

    enabled = serializers.BooleanField(
        required=False, allow_null=False, help_text="Whether jobs are enqueued."
    )
    every_seconds = serializers.IntegerField(
        min_value=1, required=False, help_text="How often it is due, in seconds."
    )


class ScheduleLinksOutput(serializers.Serializer[Any]):
    """What can be read next."""

    self = serializers.CharField(help_text="This schedule.")
    last_job = serializers.CharField(
        allow_null=True, help_text="The job that it enqueued last."
    )


class ScheduleOutput(serializers.ModelSerializer[Schedule]):
    """Work that is due again and again."""

    payload = serializers.DictField(help_text="What each job is given.")
    every_seconds = serializers.IntegerField(help_text="How often it is due.")
    next_due = serializers.DateTimeField(help_text="When it is due next.")
    last_job_id = serializers.UUIDField(
        allow_null=True, help_text="The job that was enqueued last."
    )
    last_claimed_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was seen to last."
    )
    runs = serializers.IntegerField(help_text="Jobs that were enqueued.")
    missed = serializers.IntegerField(
        help_text="Due moments at which no scheduler ran; made up for by one job."
    )
    skipped = serializers.IntegerField(
        help_text="Due moments at which the last job still ran; none was enqueued."
    )
    last_error = serializers.CharField(
        help_text="Why no job could be enqueued; empty where it could."
    )
    _links = serializers.SerializerMethodField(help_text="What can be read next.")

    class Meta:
        model = Schedule
        fields = (
            "id",
            "name",
            "kind",
            "payload",
            "every_seconds",
            "next_due",
            "enabled",
            "last_job_id",
            "last_claimed_at",
            "runs",
            "missed",
            "skipped",
            "last_error",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(ScheduleLinksOutput)
    def get__links(self, schedule: Schedule) -> dict[str, str | None]:
        """Return where to read on."""
        last = {"job_id": schedule.last_job_id}
        return {
            "self": reverse("schedule_detail", kwargs={"schedule_id": schedule.pk}),
            "last_job": reverse("job_detail", kwargs=last) if last["job_id"] else None,
        }

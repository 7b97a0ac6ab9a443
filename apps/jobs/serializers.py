"""Shapes of jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.jobs.enums import JobState
from apps.jobs.models import Job, JobLogLine


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

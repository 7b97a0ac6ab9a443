"""Reading jobs, stopping them, running them again; and schedules of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.long_answers import connection_release
from apps.core.pagination import StandardPagination
from apps.core.renderers import EventStreamRenderer
from apps.jobs.events import job_events, stream_admit
from apps.jobs.models import Job, JobLogLine, Schedule
from apps.jobs.schedules import schedulable_payload
from apps.jobs.selectors import (
    job_get,
    job_list,
    job_log_list,
    schedule_get,
    schedule_list,
)
from apps.jobs.serializers import (
    JobLogLineOutput,
    JobOutput,
    ScheduleCreateInput,
    ScheduleOutput,
    ScheduleUpdateInput,
)
from apps.jobs.services import (
    job_cancel,
    job_retry,
    schedule_create,
    schedule_delete,
    schedule_update,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class JobFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which jobs to list."""

    class Meta:
        model = Job
        fields = ("state", "kind")


class JobListView(ListAPIView[Job]):
    """The caller's jobs."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = JobOutput
    filterset_class = JobFilter
    queryset = Job.objects.none()

    def get_queryset(self) -> QuerySet[Job]:
        """Return the caller's jobs, newest first."""
        return job_list(actor=actor_of(self.request))

    @extend_schema(operation_id="jobs_list", tags=["jobs"])
    def get(self, request: Request) -> Response:
        """List your jobs, newest first."""
        return self.list(request)


class JobDetailView(APIView):
    """One job."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="jobs_get", tags=["jobs"], responses=JobOutput)
    def get(self, request: Request, job_id: UUID) -> Response:
        """Return one job: its state, its progress, its result or error."""
        return Response(JobOutput(job_get(actor=actor_of(request), job_id=job_id)).data)


class JobEventsView(APIView):
    """A job's changes as they come."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (EventStreamRenderer, JSONRenderer)
    # Not HEAD: its caller would wait for the end of a body that it does not see.
    http_method_names = ("get", "options")

    @extend_schema(
        operation_id="jobs_events",
        tags=["jobs"],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description=(
                    "Server-sent events. `job`: the job as `GET /jobs/{id}/` gives it, "
                    "at once and after each change; the stream ends after a final "
                    "state. `gone`: it was deleted. A reader that is cut off connects "
                    "again and is told how the job stands."
                ),
            )
        },
    )
    def get(self, request: Request, job_id: UUID) -> StreamingHttpResponse:
        """Follow a job until it ends, instead of asking again and again."""
        actor = actor_of(request)
        job_get(actor=actor, job_id=job_id)
        stream_admit(actor=actor)
        connection_release()
        return StreamingHttpResponse(
            job_events(actor=actor, job_id=job_id),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


class JobCancelView(APIView):
    """Stopping a job."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="jobs_cancel", tags=["jobs"], request=None, responses=JobOutput
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Stop a job; one that runs ends within seconds, and writes nothing more."""
        job = job_cancel(actor=actor_of(request), job_id=job_id, now=timezone.now())
        return Response(JobOutput(job).data)


class JobRetryView(APIView):
    """Running a job again."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="jobs_retry",
        tags=["jobs"],
        request=None,
        responses={202: JobOutput},
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Run a failed or cancelled job again."""
        job = job_retry(actor=actor_of(request), job_id=job_id, now=timezone.now())
        return Response(JobOutput(job).data, status=202)


class JobLogPagination(StandardPagination):
    """Log lines, oldest first."""

    ordering = ("id",)


class JobLogView(ListAPIView[JobLogLine]):
    """What a job wrote about itself."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = JobLogLineOutput
    pagination_class = JobLogPagination
    queryset = JobLogLine.objects.none()

    def get_queryset(self) -> QuerySet[JobLogLine]:
        """Return the job's lines, oldest first."""
        return job_log_list(actor=actor_of(self.request), job_id=self.kwargs["job_id"])

    @extend_schema(operation_id="jobs_log", tags=["jobs"])
    def get(self, request: Request, job_id: UUID) -> Response:
        """List what a job wrote about itself, oldest first."""
        return self.list(request)


class ScheduleFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which schedules to list."""

    class Meta:
        model = Schedule
        fields = ("kind", "enabled")


class ScheduleListCreateView(ListAPIView[Schedule]):
    """The caller's schedules."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = ScheduleOutput
    filterset_class = ScheduleFilter
    queryset = Schedule.objects.none()

    def get_queryset(self) -> QuerySet[Schedule]:
        """Return the caller's schedules, newest first."""
        return schedule_list(actor=actor_of(self.request))

    @extend_schema(operation_id="schedules_list", tags=["jobs"])
    def get(self, request: Request) -> Response:
        """List your schedules, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="schedules_create",
        tags=["jobs"],
        parameters=[IDEMPOTENCY_KEY],
        request=ScheduleCreateInput,
        responses={201: ScheduleOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Put work on a schedule: each time that it is due, one job is enqueued."""
        data = ScheduleCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        actor = actor_of(request)
        payload = schedulable_payload(
            actor=actor, kind=asked["kind"], payload=asked["payload"]
        )
        schedule = schedule_create(
            actor=actor, now=timezone.now(), **(asked | {"payload": payload})
        )
        return Response(ScheduleOutput(schedule).data, status=201)


class ScheduleDetailView(APIView):
    """One schedule."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="schedules_get", tags=["jobs"], responses=ScheduleOutput
    )
    def get(self, request: Request, schedule_id: UUID) -> Response:
        """Return one schedule: when it is due, and what came of it so far."""
        schedule = schedule_get(actor=actor_of(request), schedule_id=schedule_id)
        return Response(ScheduleOutput(schedule).data)

    @extend_schema(
        operation_id="schedules_update",
        tags=["jobs"],
        request=ScheduleUpdateInput,
        responses=ScheduleOutput,
    )
    def patch(self, request: Request, schedule_id: UUID) -> Response:
        """Switch a schedule on or off, or change its period."""
        data = ScheduleUpdateInput(data=request.data)
        data.is_valid(raise_exception=True)
        schedule = schedule_update(
            actor=actor_of(request),
            schedule_id=schedule_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(ScheduleOutput(schedule).data)

    @extend_schema(
        operation_id="schedules_delete",
        tags=["jobs"],
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, schedule_id: UUID) -> Response:
        """Delete a schedule; a job that it enqueued goes on."""
        schedule_delete(actor=actor_of(request), schedule_id=schedule_id)
        return Response(status=204)

"""Reading jobs, stopping them, running them again."""

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

from apps.core.long_answers import connection_release
from apps.core.pagination import StandardPagination
from apps.core.renderers import EventStreamRenderer
from apps.jobs.events import job_events, stream_admit
from apps.jobs.models import Job, JobLogLine
from apps.jobs.selectors import job_get, job_list, job_log_list
from apps.jobs.serializers import JobLogLineOutput, JobOutput
from apps.jobs.services import job_cancel, job_retry
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
    filter_backends = ()
    queryset = JobLogLine.objects.none()

    def get_queryset(self) -> QuerySet[JobLogLine]:
        """Return the job's lines, oldest first."""
        return job_log_list(actor=actor_of(self.request), job_id=self.kwargs["job_id"])

    @extend_schema(operation_id="jobs_log", tags=["jobs"])
    def get(self, request: Request, job_id: UUID) -> Response:
        """List what a job wrote about itself, oldest first."""
        return self.list(request)

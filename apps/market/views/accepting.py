"""How a request is answered whose work is done by a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response
from rest_framework.reverse import reverse

from apps.jobs.serializers import JobOutput

if TYPE_CHECKING:
    from apps.jobs.models import Job

LOCATION = OpenApiParameter(
    name="Location",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[202],
    description="Where to follow the job.",
)


def job_accepted(job: Job) -> Response:
    """Return 202 with the job and where to follow it."""
    where = reverse("job_detail", kwargs={"job_id": job.pk})
    return Response(JobOutput(job).data, status=202, headers={"Location": where})

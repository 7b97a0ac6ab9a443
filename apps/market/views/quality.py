"""How good a series is: now, before, and looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.jobs.serializers import JobOutput
from apps.market.models import SeriesQuality
from apps.market.selectors import age_bars, quality_history, quality_latest, series_get
from apps.market.serializers import QualityOutput, QualityRecordOutput
from apps.market.services import series_quality_request
from apps.market.views.accepting import LOCATION, job_accepted
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class CandleSeriesQualityView(APIView):
    """How good a series is."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="candle_series_quality", tags=["market"], responses=QualityOutput
    )
    def get(self, request: Request, series_id: UUID) -> Response:
        """Return the quality report: of the series, and of the last imported file."""
        series = series_get(actor=actor_of(request), series_id=series_id)
        latest = quality_latest(series=series)
        record = None if latest is None else QualityRecordOutput(latest).data
        age = age_bars(series, timezone.now())
        return Response({**series.quality, "age_bars": age, "latest": record})


class CandleSeriesQualityCheckView(APIView):
    """Looking at a series again."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="candle_series_quality_check",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=None,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request, series_id: UUID) -> Response:
        """Measure a series as it is stored, in the background.

        It is done by itself whenever a series is stored; this one tells how old the last
        bar is by now. The job's result has `verdict` and `coverage`.
        """
        job = series_quality_request(
            actor=actor_of(request), series_id=series_id, now=timezone.now()
        )
        return job_accepted(job)


class CandleSeriesQualityHistoryView(ListAPIView[SeriesQuality]):
    """How good a series was."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = QualityRecordOutput
    queryset = SeriesQuality.objects.none()

    def get_queryset(self) -> QuerySet[SeriesQuality]:
        """Return the reports of one of the caller's series, newest first."""
        series = series_get(
            actor=actor_of(self.request), series_id=self.kwargs["series_id"]
        )
        return quality_history(series=series)

    @extend_schema(operation_id="candle_series_quality_history", tags=["market"])
    def get(self, request: Request, series_id: UUID) -> Response:
        """List the last 100 looks at a series, newest first."""
        return self.list(request)

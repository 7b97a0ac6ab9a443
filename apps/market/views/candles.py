"""Importing candles, and reading series and candles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.series_answers import (
    SERIES_PARAMETERS,
    SERIES_RENDERERS,
    series_answer,
    series_is_file,
    series_page,
    series_responses,
    series_tag,
)
from apps.jobs.serializers import JobOutput
from apps.market.models import CandleSeries
from apps.market.selectors import (
    candles_page,
    candles_rows,
    series_file_name,
    series_get,
    series_list,
)
from apps.market.serializers import (
    CandleSeriesOutput,
    CandlesImportInput,
    CandlesPageOutput,
    CandlesQuery,
    CandlesSimulateInput,
)
from apps.market.services import (
    candles_import_request,
    series_delete,
    simulated_import_request,
)
from apps.market.views.accepting import LOCATION, job_accepted
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request


class CandleSeriesImportView(APIView):
    """Importing a candle file."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="candle_series_import",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request={"multipart/form-data": CandlesImportInput},
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Import a candle file, in the background.

        Rows outside of an existing series are added to it; rows inside must be the
        same, unless `replace` is set. The job's result has `series_id`.
        """
        data = CandlesImportInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = candles_import_request(
            actor=actor_of(request),
            upload=data.validated_data["file"],
            request=data.import_request(),
            now=timezone.now(),
        )
        return job_accepted(job)


class CandleSeriesSimulateView(APIView):
    """Importing synthetic candles."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="candle_series_simulate",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=CandlesSimulateInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Import candles of the synthetic venue, in the background.

        They are invented, and the same for everyone: the defaults give BTC/USDT, 1h,
        2023-01-01 to 2025-01-01. The job's result has `series_id`.
        """
        data = CandlesSimulateInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = simulated_import_request(
            actor=actor_of(request),
            request=data.simulation_request(),
            now=timezone.now(),
        )
        return job_accepted(job)


class CandleSeriesFilter(filters.FilterSet):  # type: ignore[misc]
    """Which series to list."""

    venue = filters.CharFilter(
        field_name="instrument__venue",
        lookup_expr="iexact",
        help_text="Such as binance.",
    )
    symbol = filters.CharFilter(
        field_name="instrument__symbol",
        lookup_expr="iexact",
        help_text="Such as BTC/USDT.",
    )

    class Meta:
        model = CandleSeries
        fields = ("venue", "symbol", "timeframe")


class CandleSeriesListView(ListAPIView[CandleSeries]):
    """The caller's candle series."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = CandleSeriesOutput
    filterset_class = CandleSeriesFilter
    queryset = CandleSeries.objects.none()

    def get_queryset(self) -> QuerySet[CandleSeries]:
        """Return the caller's series, newest first."""
        return series_list(actor=actor_of(self.request))

    @extend_schema(operation_id="candle_series_list", tags=["market"])
    def get(self, request: Request) -> Response:
        """List your candle series, newest first."""
        return self.list(request)


class CandleSeriesDetailView(APIView):
    """One candle series."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="candle_series_get",
        tags=["market"],
        responses=CandleSeriesOutput,
    )
    def get(self, request: Request, series_id: UUID) -> Response:
        """Return one candle series."""
        series = series_get(actor=actor_of(request), series_id=series_id)
        return Response(CandleSeriesOutput(series).data)

    @extend_schema(
        operation_id="candle_series_delete",
        tags=["market"],
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, series_id: UUID) -> Response:
        """Delete a candle series and its candles."""
        series_delete(actor=actor_of(request), series_id=series_id)
        return Response(status=204)


class CandleSeriesCandlesView(APIView):
    """The candles of a series."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = SERIES_RENDERERS

    @extend_schema(
        operation_id="candle_series_candles",
        tags=["market"],
        parameters=[CandlesQuery, *SERIES_PARAMETERS],
        responses=series_responses(CandlesPageOutput),
    )
    def get(self, request: Request, series_id: UUID) -> HttpResponseBase:
        """Return candles of a series, oldest first.

        As JSON a page at a time. As `text/csv`, Arrow stream or Parquet the whole range
        at once, without pages: columns `time` (open time, UTC), `open`, `high`, `low`,
        `close`, `volume`. CSV has times as `2024-01-01T00:00:00Z` and each number as the
        shortest decimal that gives the stored float again, without an exponent; JSON
        pads prices to the tick.
        """
        query = CandlesQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        series = series_get(actor=actor_of(request), series_id=series_id)
        start, end = asked.get("start"), asked.get("end")
        if series_is_file(request):
            return series_answer(
                request,
                tag=series_tag(request, (series.sha256, start, end)),
                name=series_file_name(series).removesuffix(".parquet"),
                open_rows=partial(candles_rows, series=series, start=start, end=end),
            )
        return series_page(
            request,
            tag=series_tag(request, (series.sha256, sorted(asked.items()))),
            page=partial(_candles_page, request, series, asked),
        )


def _candles_page(
    request: Request, series: CandleSeries, asked: dict[str, Any]
) -> Response:
    page = candles_page(series=series, **asked)
    following = page.next_cursor and replace_query_param(
        request.build_absolute_uri(), "cursor", page.next_cursor
    )
    return Response({"next": following, "results": page.results})

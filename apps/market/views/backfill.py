"""Fetching candles and trades from exchanges, and making bars of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.pagination import StandardPagination
from apps.jobs.serializers import JobOutput
from apps.market.models import CandleGap, TradeDay
from apps.market.selectors.trades import (
    candle_gap_list,
    trade_day_get,
    trade_day_list,
)
from apps.market.serializers.backfill import (
    CandleGapOutput,
    CandlesBackfillInput,
    CandlesResampleInput,
    TradeDayOutput,
    TradesBackfillInput,
)
from apps.market.services.backfill import candles_backfill_request
from apps.market.services.resampling import series_resample_request
from apps.market.services.trades import trades_backfill_request
from apps.market.services.trades_storing import trade_day_delete
from apps.market.views.accepting import LOCATION, job_accepted
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class CandleSeriesBackfillView(APIView):
    """Fetching candles."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="candle_series_backfill",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=CandlesBackfillInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Fetch candles of many markets from an exchange, in the background.

        What is stored is not asked for again, and what is confirmed to be missing is
        not either. The job's result has `markets` with the outcome of each: one that
        fails does not lose the others, and the job fails only where all of them do.
        """
        data = CandlesBackfillInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = candles_backfill_request(
            actor=actor_of(request),
            request=data.backfill_request(),
            every_seconds=data.every_seconds(),
            now=timezone.now(),
        )
        return job_accepted(job)


class TradesBackfillView(APIView):
    """Fetching trades."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="trades_backfill",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=TradesBackfillInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Fetch public trades of a market from an exchange, in the background.

        They are kept by UTC day, each day as a whole. Days that are complete are not
        asked for again; the day that is not over is continued by the next request.
        """
        data = TradesBackfillInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = trades_backfill_request(
            actor=actor_of(request),
            request=data.trades_request(),
            now=timezone.now(),
        )
        return job_accepted(job)


class CandleSeriesResampleView(APIView):
    """Making longer bars, or bars of trades."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="candle_series_resample",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=CandlesResampleInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make longer bars of a series, or bars of an instrument's trades.

        A bar is made only where all that belongs to it is stored. Weeks begin on
        Monday, all other lengths are counted from 1970-01-01 UTC. The job's result has
        `series_id`.
        """
        data = CandlesResampleInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = series_resample_request(
            actor=actor_of(request),
            request=data.resample_request(),
            now=timezone.now(),
        )
        return job_accepted(job)


class CandleGapPagination(StandardPagination):
    """Gaps, oldest first."""

    ordering = ("first", "id")


class CandleGapListView(ListAPIView[CandleGap]):
    """What is confirmed to be missing of a series."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = CandleGapOutput
    pagination_class = CandleGapPagination
    queryset = CandleGap.objects.none()

    def get_queryset(self) -> QuerySet[CandleGap]:
        """Return the series' gaps, oldest first."""
        return candle_gap_list(
            actor=actor_of(self.request), series_id=self.kwargs["series_id"]
        )

    @extend_schema(operation_id="candle_series_gaps", tags=["market"])
    def get(self, request: Request, series_id: UUID) -> Response:
        """List what the exchange was asked for twice and does not have."""
        return self.list(request)


class TradeDayFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which days to list."""

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
        model = TradeDay
        fields = ("venue", "symbol", "complete")


class TradeDayPagination(StandardPagination):
    """Days, newest first."""

    ordering = ("-day", "-id")


class TradeDayListView(ListAPIView[TradeDay]):
    """The caller's days of trades."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = TradeDayOutput
    filterset_class = TradeDayFilter
    pagination_class = TradeDayPagination
    queryset = TradeDay.objects.none()

    def get_queryset(self) -> QuerySet[TradeDay]:
        """Return the caller's days, newest first."""
        return trade_day_list(actor=actor_of(self.request))

    @extend_schema(operation_id="trade_days_list", tags=["market"])
    def get(self, request: Request) -> Response:
        """List your days of trades, newest first."""
        return self.list(request)


class TradeDayDetailView(APIView):
    """One day of trades."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="trade_days_get", tags=["market"], responses=TradeDayOutput
    )
    def get(self, request: Request, day_id: UUID) -> Response:
        """Return one day of trades."""
        day = trade_day_get(actor=actor_of(request), day_id=day_id)
        return Response(TradeDayOutput(day).data)

    @extend_schema(
        operation_id="trade_days_delete",
        tags=["market"],
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, day_id: UUID) -> Response:
        """Delete a day of trades."""
        trade_day_delete(actor=actor_of(request), day_id=day_id)
        return Response(status=204)

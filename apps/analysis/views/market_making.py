"""Market making on captured order books: ask, follow, read, delete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.analysis.models import MarketMakingRun
from apps.analysis.selectors import (
    market_making_equity,
    market_making_equity_rows,
    market_making_fills,
    market_making_fills_rows,
    market_making_get,
    market_making_list,
)
from apps.analysis.serializers.making_figures import (
    FillPageOutput,
    MakingPageInput,
    MakingRecordPageOutput,
)
from apps.analysis.serializers.making_input import MarketMakingInput
from apps.analysis.serializers.market_making import MarketMakingOutput
from apps.analysis.services.market_making import (
    market_making_delete,
    market_making_request,
)
from apps.analysis.views.series import result_answer
from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.series_answers import (
    SERIES_PARAMETERS,
    SERIES_RENDERERS,
    series_responses,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

TAGS = ["market making"]


class MarketMakingFilter(filters.FilterSet):  # type: ignore[misc]
    """Which runs to list."""

    capture = filters.UUIDFilter(
        field_name="capture_id", help_text="Only those on this capture."
    )

    class Meta:
        model = MarketMakingRun
        fields = ("capture",)


class MarketMakingListCreateView(ListAPIView[MarketMakingRun]):
    """The caller's market-making runs."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = MarketMakingOutput
    filterset_class = MarketMakingFilter
    queryset = MarketMakingRun.objects.none()

    def get_queryset(self) -> QuerySet[MarketMakingRun]:
        """Return the caller's runs, newest first."""
        return market_making_list(actor=actor_of(self.request))

    @extend_schema(operation_id="market_making_list", tags=TAGS)
    def get(self, request: Request) -> Response:
        """List your market-making runs, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="market_making_create",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY],
        request=MarketMakingInput,
        responses={202: MarketMakingOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Play quotes on a captured order book; answers with a job.

        Quotes rest in the captured book's queues, whose models are chosen by name, and
        orders take their time to the exchange and back. The captured market does not
        react to them. Orders are filled whole: hftbacktest's exchange with partial fills
        does not carry them to the position, so `partial_fills` is refused.
        """
        data = MarketMakingInput(data=request.data)
        data.is_valid(raise_exception=True)
        run = market_making_request(
            actor=actor_of(request), request=data.making_request(), now=timezone.now()
        )
        body = MarketMakingOutput(run).data
        return Response(body, status=202, headers={"Location": body["_links"]["self"]})


class MarketMakingDetailView(APIView):
    """One market-making run."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="market_making_get", tags=TAGS, responses=MarketMakingOutput
    )
    def get(self, request: Request, market_making_id: UUID) -> Response:
        """Return a market-making run: its job, and its figures once it has ended."""
        run = market_making_get(
            actor=actor_of(request), market_making_id=market_making_id
        )
        return Response(MarketMakingOutput(run).data)

    @extend_schema(
        operation_id="market_making_delete", tags=TAGS, responses={204: None}
    )
    def delete(self, request: Request, market_making_id: UUID) -> Response:
        """Delete a market-making run that has ended, with its results."""
        market_making_delete(actor=actor_of(request), market_making_id=market_making_id)
        return Response(status=204)


class MarketMakingFillsView(APIView):
    """Fills."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = SERIES_RENDERERS

    @extend_schema(
        operation_id="market_making_fills",
        tags=TAGS,
        parameters=[MakingPageInput, *SERIES_PARAMETERS],
        responses=series_responses(FillPageOutput),
    )
    def get(self, request: Request, market_making_id: UUID) -> HttpResponseBase:
        """Return a run's fills, in order of time.

        As JSON a page at a time; as `text/csv`, Arrow stream or Parquet all of them.
        """
        query = MakingPageInput(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        run = market_making_get(
            actor=actor_of(request), market_making_id=market_making_id
        )
        return result_answer(
            request,
            name="market-making-fills",
            run_id=run.pk,
            rows=partial(market_making_fills_rows, run=run),
            page=partial(market_making_fills, run=run),
            shape=FillPageOutput,
            query=query.validated_data,
        )


class MarketMakingEquityView(APIView):
    """Middle, inventory and equity."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = SERIES_RENDERERS

    @extend_schema(
        operation_id="market_making_equity",
        tags=TAGS,
        parameters=[MakingPageInput, *SERIES_PARAMETERS],
        responses=series_responses(MakingRecordPageOutput),
    )
    def get(self, request: Request, market_making_id: UUID) -> HttpResponseBase:
        """Return a run's middle, inventory and equity over time, oldest first.

        As JSON a page at a time; as `text/csv`, Arrow stream or Parquet all of them.
        """
        query = MakingPageInput(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        run = market_making_get(
            actor=actor_of(request), market_making_id=market_making_id
        )
        return result_answer(
            request,
            name="market-making-equity",
            run_id=run.pk,
            rows=partial(market_making_equity_rows, run=run),
            page=partial(market_making_equity, run=run),
            shape=MakingRecordPageOutput,
            query=query.validated_data,
        )

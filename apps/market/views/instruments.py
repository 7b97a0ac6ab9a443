"""Instruments: list, search, state their rules, ask the venue for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.jobs.serializers import JobOutput
from apps.market.enums import RulesSource
from apps.market.models import CandleSeries, Instrument
from apps.market.selectors import instrument_get, instrument_list
from apps.market.serializers import InstrumentOutput, RulesInput
from apps.market.serializers.venues import InstrumentsRefreshInput
from apps.market.services import instrument_update
from apps.market.services.venue_rules import instruments_refresh_request
from apps.market.views.accepting import LOCATION, job_accepted
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class InstrumentFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which instruments to list."""

    venue = filters.CharFilter(lookup_expr="iexact", help_text="Such as binance.")
    symbol = filters.CharFilter(lookup_expr="iexact", help_text="Such as BTC/USDT.")
    base = filters.CharFilter(lookup_expr="iexact", help_text="What is bought: BTC.")
    quote = filters.CharFilter(
        lookup_expr="iexact", help_text="What it is paid with: USDT."
    )
    kind = filters.ChoiceFilter(
        method="kind_filter",
        choices=[("spot", "spot"), ("contract", "contract")],
        help_text="Spot, or a contract: BTC/USDT:USDT.",
    )
    search = filters.CharFilter(
        field_name="symbol", lookup_expr="icontains", help_text="Part of a symbol."
    )
    rules_source = filters.ChoiceFilter(
        choices=[(one.value, one.value) for one in RulesSource],
        help_text="Where its rules come from.",
    )
    active = filters.BooleanFilter(help_text="Whether it is traded now.")
    has_series = filters.BooleanFilter(
        method="has_series_filter", help_text="Whether candles of it are stored."
    )

    class Meta:
        model = Instrument
        fields = ("venue", "symbol", "base", "quote", "rules_source", "active")

    def kind_filter(
        self, queryset: QuerySet[Instrument], _: str, kind: str
    ) -> QuerySet[Instrument]:
        """Return spot markets or contracts, which are told apart by their symbols."""
        contract = Q(symbol__contains=":")
        return queryset.filter(contract if kind == "contract" else ~contract)

    def has_series_filter(
        self,
        queryset: QuerySet[Instrument],
        _: str,
        wanted: bool,  # noqa: FBT001 - as django-filter calls it
    ) -> QuerySet[Instrument]:
        """Return instruments with candles, or without."""
        stored = Exists(CandleSeries.objects.filter(instrument=OuterRef("pk")))
        return queryset.filter(stored if wanted else ~stored)


class InstrumentListView(ListAPIView[Instrument]):
    """The caller's instruments."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = InstrumentOutput
    filterset_class = InstrumentFilter
    queryset = Instrument.objects.none()

    def get_queryset(self) -> QuerySet[Instrument]:
        """Return the caller's instruments, newest first."""
        return instrument_list(actor=actor_of(self.request))

    @extend_schema(operation_id="instruments_list", tags=["market"])
    def get(self, request: Request) -> Response:
        """List your instruments, newest first; each came with its data."""
        return self.list(request)


class InstrumentsRefreshView(APIView):
    """Asking venues for the rules of instruments."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="instruments_refresh",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=InstrumentsRefreshInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take over tick, step, minimums and fees from the venues, in the background.

        Rules that you have stated stay as they are, and so does a tick that is finer
        than the venue's where stored prices need it. What a venue does not list any more
        becomes `active: false`, with `delisted_at`.
        """
        data = InstrumentsRefreshInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = instruments_refresh_request(
            actor=actor_of(request), now=timezone.now(), **data.validated_data
        )
        return job_accepted(job)


class InstrumentDetailView(APIView):
    """One instrument."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="instruments_get", tags=["market"], responses=InstrumentOutput
    )
    def get(self, request: Request, instrument_id: UUID) -> Response:
        """Return one instrument and its rules."""
        instrument = instrument_get(
            actor=actor_of(request), instrument_id=instrument_id
        )
        return Response(InstrumentOutput(instrument).data)

    @extend_schema(
        operation_id="instruments_update",
        tags=["market"],
        request=RulesInput,
        responses=InstrumentOutput,
    )
    def patch(self, request: Request, instrument_id: UUID) -> Response:
        """State the rules of an instrument, instead of those inferred from candles."""
        data = RulesInput(data=request.data)
        data.is_valid(raise_exception=True)
        instrument = instrument_update(
            actor=actor_of(request), instrument_id=instrument_id, rules=data.rules()
        )
        return Response(InstrumentOutput(instrument).data)

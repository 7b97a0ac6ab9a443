"""Exchanges: which there are, how they are, and what they list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.pagination import StandardPagination
from apps.exchanges.contracts import MarketKind
from apps.jobs.serializers import JobOutput
from apps.market.models import VenueMarket
from apps.market.selectors.exchanges import (
    exchange_allowed,
    exchange_get,
    exchange_list,
)
from apps.market.selectors.venues import markets_list, venue_list_get
from apps.market.serializers.venues import (
    EXCHANGE,
    ExchangeOutput,
    ExchangesQuery,
    MarketsRefreshInput,
    VenueMarketOutput,
    VenueMarketsPageOutput,
)
from apps.market.services.venues import markets_refresh_request
from apps.market.views.accepting import LOCATION, job_accepted
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


_LONGEST_JOINED = 16


class ExchangeListView(APIView):
    """The exchanges."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_list",
        tags=["exchanges"],
        parameters=[ExchangesQuery],
        responses=ExchangeOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the exchanges that the adapters know, by id; none of them is asked."""
        query = ExchangesQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        found = exchange_list(**query.validated_data)
        return Response(ExchangeOutput(found, many=True).data)


class ExchangeDetailView(APIView):
    """One exchange."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_get",
        tags=["exchanges"],
        parameters=[EXCHANGE],
        responses=ExchangeOutput,
    )
    def get(self, request: Request, exchange: str) -> Response:
        """Return what an exchange can do; it is not asked."""
        return Response(ExchangeOutput(exchange_get(exchange=exchange)).data)


class MarketFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which markets of an exchange to list."""

    search = filters.CharFilter(
        method="search_filter",
        help_text="Part of a symbol, of BTC/USDT also `btcusdt`.",
    )
    base = filters.CharFilter(lookup_expr="iexact", help_text="What is bought: BTC.")
    quote = filters.CharFilter(
        lookup_expr="iexact", help_text="What it is paid with: USDT."
    )
    kind = filters.ChoiceFilter(
        choices=[(one.value, one.value) for one in MarketKind],
        help_text="What is traded.",
    )
    active = filters.BooleanFilter(help_text="Whether it is traded now.")
    gone = filters.BooleanFilter(
        field_name="gone_at",
        lookup_expr="isnull",
        exclude=True,
        help_text="Whether it is not listed any more; left out: both.",
    )
    min_notional_max = filters.NumberFilter(
        field_name="min_notional",
        lookup_expr="lte",
        help_text="The smallest order is at most this, quote units.",
    )

    class Meta:
        model = VenueMarket
        fields = ("search", "base", "quote", "kind", "active", "gone")

    def search_filter(
        self, queryset: QuerySet[VenueMarket], _: str, text: str
    ) -> QuerySet[VenueMarket]:
        """Return the markets whose symbol has this in it."""
        found = Q(symbol__icontains=text)
        # Other programs write symbols without a stroke.
        for cut in range(2, len(text) - 1) if len(text) <= _LONGEST_JOINED else ():
            found |= Q(base__iexact=text[:cut], quote__iexact=text[cut:])
        return queryset.filter(found)


class MarketsPagination(StandardPagination):
    """Markets by symbol."""

    ordering = ("symbol",)


class ExchangeMarketsView(ListAPIView[VenueMarket]):
    """What an exchange lists."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = VenueMarketOutput
    filterset_class = MarketFilter
    pagination_class = MarketsPagination
    queryset = VenueMarket.objects.none()

    def get_queryset(self) -> QuerySet[VenueMarket]:
        """Return the exchange's markets, by symbol."""
        return markets_list(exchange=self.kwargs["exchange"])

    @extend_schema(
        operation_id="exchanges_markets",
        tags=["exchanges"],
        parameters=[EXCHANGE],
        responses={
            200: VenueMarketsPageOutput,
            409: OpenApiResponse(
                description="They were never read; POST …/markets/refresh/ asks for them."
            ),
        },
    )
    def get(self, request: Request, exchange: str) -> Response:
        """List an exchange's markets, by symbol, as they were read last."""
        exchange_allowed(exchange=exchange)
        read = venue_list_get(exchange=exchange)
        page: Any = self.list(request).data
        age = (timezone.now() - read.read_at).total_seconds() if read.read_at else 0.0
        head = {
            "read_at": read.read_at,
            "age_seconds": round(age, 3),
            "markets": read.markets,
        }
        return Response(head | page)


class ExchangeMarketsRefreshView(APIView):
    """Reading an exchange's markets."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_markets_refresh",
        tags=["exchanges"],
        parameters=[EXCHANGE, IDEMPOTENCY_KEY, LOCATION],
        request=MarketsRefreshInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request, exchange: str) -> Response:
        """Ask an exchange for its markets, in the background.

        The job's result has how many are listed, new, changed and gone. A market that is
        gone stays in the list, with `gone_at`. Put the job `markets.refresh` on a
        schedule to have it done again and again.
        """
        data = MarketsRefreshInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = markets_refresh_request(
            actor=actor_of(request),
            exchange=exchange,
            now=timezone.now(),
            **data.validated_data,
        )
        return job_accepted(job)

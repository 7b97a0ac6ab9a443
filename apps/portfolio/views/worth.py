"""What accounts are worth: now, by share, and over time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import NO_STORE
from apps.core.pagination import StandardPagination
from apps.core.series_answers import (
    SERIES_PARAMETERS,
    SERIES_RENDERERS,
    series_answer,
    series_is_file,
    series_responses,
    series_tag,
)
from apps.portfolio.models import EquityPoint
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.selectors.equity import equity_rows, points_of
from apps.portfolio.serializers.worth import (
    AccountEquityPointOutput,
    AllocationOutput,
    EquityQuery,
    PortfolioQuery,
    PositionsValuedOutput,
    ValuationOutput,
    ValuationQuery,
)
from apps.portfolio.services.valuation import (
    account_allocation,
    account_positions,
    account_valuation,
    portfolio_allocation,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request


class AccountValuationView(APIView):
    """What one account is worth."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_valuation",
        tags=["portfolio"],
        parameters=[ValuationQuery],
        responses=ValuationOutput,
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Value an account at the latest prices of its exchange.

        The prices are held fresh for the next minute; what had none is in `missing`,
        and may have one when you ask again.
        """
        query = ValuationQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        account = account_get(actor=actor_of(request), account_id=account_id)
        found = account_valuation(
            account=account, now=timezone.now(), **query.validated_data
        )
        return Response(ValuationOutput(found).data, headers=NO_STORE)


class AccountAllocationView(APIView):
    """How one account is spread."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_allocation",
        tags=["portfolio"],
        parameters=[ValuationQuery],
        responses=AllocationOutput,
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return the share of each currency that an account holds."""
        query = ValuationQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        account = account_get(actor=actor_of(request), account_id=account_id)
        found = account_allocation(
            account=account, now=timezone.now(), **query.validated_data
        )
        return Response(AllocationOutput(found).data, headers=NO_STORE)


class PortfolioAllocationView(APIView):
    """How all accounts are spread, together."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="portfolio_allocation",
        tags=["portfolio"],
        parameters=[PortfolioQuery],
        responses=AllocationOutput,
    )
    def get(self, request: Request) -> Response:
        """Return the share of each currency in all your open accounts together."""
        query = PortfolioQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        found = portfolio_allocation(
            actor=actor_of(request), now=timezone.now(), **query.validated_data
        )
        return Response(AllocationOutput(found).data, headers=NO_STORE)


class AccountPositionsValuedView(APIView):
    """What open positions would win or lose now."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_positions_valued",
        tags=["portfolio"],
        responses=PositionsValuedOutput,
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return an account's open positions with their unrealised profit.

        The prices are held fresh for the next minute; what had none may have one when
        you ask again.
        """
        account = account_get(actor=actor_of(request), account_id=account_id)
        found = account_positions(account=account, now=timezone.now())
        body = PositionsValuedOutput({"positions": found}).data
        return Response(body, headers=NO_STORE)


class EquityPagination(StandardPagination):
    """Cursor pages of 200 points, newest first."""

    page_size = 200
    ordering = ("-at",)


class AccountEquityView(ListModelMixin, GenericAPIView[EquityPoint]):
    """What an account was worth over time."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = SERIES_RENDERERS
    serializer_class = AccountEquityPointOutput
    pagination_class = EquityPagination
    filter_backends = ()
    queryset = EquityPoint.objects.none()

    def get_queryset(self) -> QuerySet[EquityPoint]:
        """Return the points that the query asks for, newest first."""
        query = EquityQuery(data=self.request.query_params.dict())
        query.is_valid(raise_exception=True)
        account = account_get(
            actor=actor_of(self.request), account_id=self.kwargs["account_id"]
        )
        asked = query.validated_data
        return points_of(
            account=account, start=asked.get("start"), end=asked.get("end")
        )

    @extend_schema(
        operation_id="accounts_equity",
        tags=["portfolio"],
        parameters=[EquityQuery, *SERIES_PARAMETERS],
        responses=series_responses(AccountEquityPointOutput(many=True)),
    )
    def get(self, request: Request, account_id: UUID) -> HttpResponseBase:
        """Return what an account was worth, every few minutes, flows told apart.

        As JSON a page at a time, newest first; as `text/csv`, Arrow stream or Parquet
        all of it, oldest first.
        """
        if not series_is_file(request):
            return self.list(request)
        points = self.get_queryset()
        newest = points.first()
        tag = series_tag(
            request,
            (account_id, newest and newest.at, *sorted(request.query_params.items())),
        )
        name = f"equity-{account_id}"
        return series_answer(
            request, tag=tag, name=name, open_rows=partial(equity_rows, points)
        )

"""Position sizes, value at risk, correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import NO_STORE
from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.pagination import StandardPagination
from apps.jobs.serializers import JobOutput
from apps.market.views.accepting import LOCATION, job_accepted
from apps.risk.models import Correlation
from apps.risk.selectors.correlations import correlation_list
from apps.risk.selectors.sizing import position_size
from apps.risk.serializers.measures import (
    CorrelationInput,
    CorrelationOutput,
    PositionSizeInput,
    PositionSizeOutput,
    ValueAtRiskInput,
)
from apps.risk.services.correlations import correlations_request
from apps.risk.services.value_at_risk import ValueAtRiskRequest, value_at_risk_request
from apps.risk.sizing_rules import SizeRequest
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class PositionSizeView(APIView):
    """How much to trade."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="risk_position_size",
        tags=["risk"],
        request=PositionSizeInput,
        responses=PositionSizeOutput,
    )
    def post(self, request: Request) -> Response:
        """Say how much to trade by a rule; nothing is placed or kept.

        The quantity is rounded down to the market's step. It is advice: the limits of
        the account are judged when the order is placed.
        """
        data = PositionSizeInput(data=request.data)
        data.is_valid(raise_exception=True)
        sized = position_size(
            actor=actor_of(request),
            request=SizeRequest(**data.validated_data),
            now=timezone.now(),
        )
        return Response(PositionSizeOutput(sized).data, headers=NO_STORE)


class ValueAtRiskView(APIView):
    """What an account may lose."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="risk_value_at_risk",
        tags=["risk"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=ValueAtRiskInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Measure value at risk and expected shortfall, in the background.

        From the stored candles of what the account holds now: historical, normal, and
        corrected for skewness and fat tails, each forecast backtested (Kupiec,
        Christoffersen). The job's result has the figures and which data they are of.
        """
        data = ValueAtRiskInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        wanted = ValueAtRiskRequest(
            **asked
            | {
                "account_id": str(asked["account_id"]),
                "confidences": tuple(asked["confidences"]),
            }
        )
        job = value_at_risk_request(
            actor=actor_of(request), request=wanted, now=timezone.now()
        )
        return job_accepted(job)


class CorrelationFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """What correlations can be searched by."""

    exchange = filters.CharFilter(max_length=32, help_text="Only of this exchange.")

    class Meta:
        model = Correlation
        fields = ("exchange",)


class CorrelationPagination(StandardPagination):
    """Cursor pages of 200, by exchange and market."""

    page_size = 200
    ordering = ("exchange", "one", "other")


class CorrelationListView(ListAPIView[Correlation]):
    """How markets move together."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = CorrelationOutput
    pagination_class = CorrelationPagination
    filterset_class = CorrelationFilter
    queryset = Correlation.objects.none()

    def get_queryset(self) -> QuerySet[Correlation]:
        """Return the caller's correlations."""
        return correlation_list(owner=actor_of(self.request))

    @extend_schema(operation_id="risk_correlations_list", tags=["risk"])
    def get(self, request: Request) -> Response:
        """List how your markets moved together, as it was last computed.

        It is computed once a day from your candle series, and after they have changed.
        A pair that is not here counts as 1 for the limit of correlated exposure.
        """
        return self.list(request)

    @extend_schema(
        operation_id="risk_correlations_compute",
        tags=["risk"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=CorrelationInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Compute the correlations of an exchange's markets now, in the background."""
        data = CorrelationInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = correlations_request(
            actor=actor_of(request), now=timezone.now(), **data.validated_data
        )
        return job_accepted(job)

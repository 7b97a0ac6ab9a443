"""Comparisons of accounts with their venues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.jobs.serializers import JobOutput
from apps.market.views.accepting import LOCATION, job_accepted
from apps.trading.models import Reconciliation
from apps.trading.selectors.reconciliations import (
    reconciliation_get,
    reconciliation_list,
)
from apps.trading.serializers.reconciliations import (
    ReconciliationInput,
    ReconciliationOutput,
)
from apps.trading.services.reconciliation_requests import reconciliation_request
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class ReconciliationFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which reconciliations to list."""

    account = filters.UUIDFilter(field_name="account_id", help_text="Of this account.")

    class Meta:
        model = Reconciliation
        fields = ("trigger", "state", "unexplained")


class ReconciliationListCreateView(ListAPIView[Reconciliation]):
    """The caller's reconciliations."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = ReconciliationOutput
    filterset_class = ReconciliationFilter
    queryset = Reconciliation.objects.none()

    def get_queryset(self) -> QuerySet[Reconciliation]:
        """Return the caller's reconciliations, newest first."""
        return reconciliation_list(actor=actor_of(self.request))

    @extend_schema(operation_id="reconciliations_list", tags=["trading"])
    def get(self, request: Request) -> Response:
        """List the comparisons of your accounts with their venues, newest first.

        Those that found nothing are kept for two days.
        """
        return self.list(request)

    @extend_schema(
        operation_id="reconciliations_create",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=ReconciliationInput,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Compare an account with its venue now, in the background.

        Orders, executions and balances are compared. Orders whose answer was lost are
        settled, those made elsewhere are taken over; a difference that nothing explains
        is told, and never adjusted. A comparison that runs already is waited for. The
        job's result has `reconciliation_id`; where the venue cannot be asked, the job
        fails with the reason.
        """
        data = ReconciliationInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = reconciliation_request(
            actor=actor_of(request),
            account_id=data.validated_data["account"],
            now=timezone.now(),
        )
        return job_accepted(job)


class ReconciliationDetailView(APIView):
    """One reconciliation."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="reconciliations_get",
        tags=["trading"],
        responses=ReconciliationOutput,
    )
    def get(self, request: Request, reconciliation_id: UUID) -> Response:
        """Return a comparison and everything that it found."""
        found = reconciliation_get(
            actor=actor_of(request), reconciliation_id=reconciliation_id
        )
        return Response(ReconciliationOutput(found).data)

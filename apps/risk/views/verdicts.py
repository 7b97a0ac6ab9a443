"""Verdicts: ask for one, read those that were given; and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.pagination import StandardPagination
from apps.risk.models import RiskEvent, RiskVerdict
from apps.risk.selectors.verdicts import event_list, verdict_get, verdict_list
from apps.risk.serializers.states import EventOutput
from apps.risk.serializers.verdicts import VerdictInput, VerdictOutput
from apps.risk.services.asking import verdict_ask
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class VerdictFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """What verdicts can be searched by."""

    account = filters.UUIDFilter(field_name="account_id", help_text="Of one account.")
    order_id = filters.UUIDFilter(help_text="Of one order.")
    allowed = filters.BooleanFilter(help_text="Only these.")

    class Meta:
        model = RiskVerdict
        fields = ("account", "order_id", "allowed")


class EventFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """What events can be searched by."""

    account = filters.UUIDFilter(field_name="account_id", help_text="Of one account.")
    name = filters.CharFilter(help_text="Only these, such as halted.")

    class Meta:
        model = RiskEvent
        fields = ("account", "name")


class VerdictPagination(StandardPagination):
    """Verdicts, newest first."""

    ordering = ("-at", "-id")


class VerdictListCreateView(ListAPIView[RiskVerdict]):
    """What the gate said of the caller's orders."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = VerdictOutput
    pagination_class = VerdictPagination
    filterset_class = VerdictFilter
    queryset = RiskVerdict.objects.none()

    def get_queryset(self) -> QuerySet[RiskVerdict]:
        """Return the caller's verdicts, newest first."""
        return verdict_list(actor=actor_of(self.request))

    @extend_schema(operation_id="risk_verdicts_list", tags=["risk"])
    def get(self, request: Request) -> Response:
        """List what the gate said of your orders, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="risk_verdicts_create",
        tags=["risk"],
        request=VerdictInput,
        responses={201: VerdictOutput},
    )
    def post(self, request: Request) -> Response:
        """Have an order judged without placing it: every rule, value and limit.

        A refusal is an answer like any other: `allowed` is false, and the rules that
        failed come first.
        """
        data = VerdictInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = verdict_ask(
            actor=actor_of(request), now=timezone.now(), **data.validated_data
        )
        return Response(VerdictOutput(made).data, status=201)


class VerdictDetailView(APIView):
    """One verdict."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="risk_verdicts_get", tags=["risk"], responses=VerdictOutput
    )
    def get(self, request: Request, verdict_id: UUID) -> Response:
        """Return what the gate said of an order."""
        found = verdict_get(actor=actor_of(request), verdict_id=verdict_id)
        return Response(VerdictOutput(found).data)


class EventListView(ListAPIView[RiskEvent]):
    """What the caller should know of."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = EventOutput
    filterset_class = EventFilter
    queryset = RiskEvent.objects.none()

    def get_queryset(self) -> QuerySet[RiskEvent]:
        """Return the caller's events, newest first."""
        return event_list(actor=actor_of(self.request))

    @extend_schema(operation_id="risk_events_list", tags=["risk"])
    def get(self, request: Request) -> Response:
        """List halts, releases, locks, losses and changes of limits, newest first."""
        return self.list(request)

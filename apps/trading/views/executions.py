"""Executions: what was traded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated

from apps.trading.models import Execution
from apps.trading.selectors.orders import execution_list, order_executions
from apps.trading.serializers.executions import ExecutionOutput
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class ExecutionFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which executions to list."""

    account = filters.UUIDFilter(field_name="account_id", help_text="Of this account.")
    order = filters.UUIDFilter(field_name="order_id", help_text="Of this order.")
    symbol = filters.CharFilter(help_text="Of this market, such as BTC/USDT.")
    since = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="gte", help_text="Executed then or later."
    )
    until = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="lt", help_text="Executed before."
    )

    class Meta:
        model = Execution
        fields: tuple[str, ...] = ()


class ExecutionListView(ListAPIView[Execution]):
    """The caller's executions."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = ExecutionOutput
    filterset_class = ExecutionFilter
    queryset = Execution.objects.none()

    def get_queryset(self) -> QuerySet[Execution]:
        """Return the caller's executions, newest first."""
        return execution_list(actor=actor_of(self.request))

    @extend_schema(operation_id="executions_list", tags=["trading"])
    def get(self, request: Request) -> Response:
        """List what was traded, what became known last first."""
        return self.list(request)


class OrderExecutionsView(ListAPIView[Execution]):
    """The executions of one order."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = ExecutionOutput
    queryset = Execution.objects.none()

    def get_queryset(self) -> QuerySet[Execution]:
        """Return the order's executions, newest first."""
        return order_executions(
            actor=actor_of(self.request), order_id=self.kwargs["order_id"]
        )

    @extend_schema(operation_id="orders_executions", tags=["trading"])
    def get(self, request: Request, order_id: UUID) -> Response:
        """List what was traded of an order."""
        return self.list(request)

"""Several orders at once: placed, cancelled, all cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY
from apps.core.idempotency_outside import idempotent_outside, request_key_of
from apps.trading.selectors.orders import orders_open
from apps.trading.serializers.order_inputs import (
    OrdersBulkBody,
    OrdersBulkCancelInput,
    OrdersBulkInput,
    OrdersCancelAllInput,
    place_parse,
    place_request,
)
from apps.trading.serializers.orders import OrderResultsOutput
from apps.trading.services.cancelling import order_cancel, order_cancel_on
from apps.trading.services.placing import order_place
from apps.trading.views.answering import (
    cancelled_answer,
    each_answered,
    placed_answer,
)
from apps.trading.views.orders import ORDER_THROTTLES
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

    from apps.trading.models import Order


class OrdersBulkView(APIView):
    """Placing several orders."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = ORDER_THROTTLES

    @extend_schema(
        operation_id="orders_place_bulk",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY],
        request=OrdersBulkBody,
        responses={207: OrderResultsOutput},
    )
    @idempotent_outside
    def post(self, request: Request) -> Response:
        """Place up to 50 orders one after another, each as if alone.

        One that is refused keeps no other from being placed. With an `Idempotency-Key`
        each of them is placed once, also where the first request died half way.
        """
        bulk = OrdersBulkInput(data=request.data)
        bulk.is_valid(raise_exception=True)
        actor = actor_of(request)

        def place(number: int, item: dict[str, Any]) -> Response:
            data = place_parse(item)
            order = order_place(
                actor=actor,
                account_id=data["account"],
                request=place_request(data),
                now=timezone.now(),
                request_key=request_key_of(request, number),
            )
            return placed_answer(order)

        return each_answered(self, request, bulk.validated_data["orders"], place)


class OrdersBulkCancelView(APIView):
    """Cancelling several orders."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = ORDER_THROTTLES

    @extend_schema(
        operation_id="orders_cancel_bulk",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY],
        request=OrdersBulkCancelInput,
        responses={207: OrderResultsOutput},
    )
    @idempotent_outside
    def post(self, request: Request) -> Response:
        """Cancel up to 50 orders one after another, each as if alone."""
        data = OrdersBulkCancelInput(data=request.data)
        data.is_valid(raise_exception=True)
        actor = actor_of(request)

        def cancel(_: int, order_id: UUID) -> Response:
            return cancelled_answer(
                order_cancel(actor=actor, order_id=order_id, now=timezone.now())
            )

        return each_answered(self, request, data.validated_data["orders"], cancel)


class OrdersCancelAllView(APIView):
    """Cancelling whatever is open."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = ORDER_THROTTLES

    @extend_schema(
        operation_id="orders_cancel_all",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY],
        request=OrdersCancelAllInput,
        responses={207: OrderResultsOutput},
    )
    @idempotent_outside
    def post(self, request: Request) -> Response:
        """Cancel every order of an account that has not ended, or those of a market.

        One result for each, oldest first; none where nothing was open. To stop trading
        altogether, engage the kill switch instead: orders that are placed meanwhile are
        not among these.
        """
        data = OrdersCancelAllInput(data=request.data)
        data.is_valid(raise_exception=True)
        found = orders_open(
            actor=actor_of(request),
            account_id=data.validated_data["account"],
            symbol=data.validated_data.get("symbol"),
            side=data.validated_data.get("side"),
        )

        def cancel(_: int, order: Order) -> Response:
            return cancelled_answer(order_cancel_on(order=order, now=timezone.now()))

        return each_answered(self, request, found, cancel)

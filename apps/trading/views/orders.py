"""Orders: place, list, read, cancel, replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY
from apps.core.idempotency_outside import idempotent_outside, request_key_of
from apps.core.throttling import AnonThrottle, OrdersThrottle, ReadsThrottle
from apps.portfolio.selectors.accounts import account_get
from apps.trading.enums import OrderState
from apps.trading.models import Order
from apps.trading.selectors.orders import order_by_client_id, order_get, order_list
from apps.trading.serializers.order_inputs import (
    KINDS,
    SIDES,
    OrderPlaceInput,
    OrderReplaceInput,
    place_parse,
    place_request,
)
from apps.trading.serializers.orders import OrderDetailOutput, OrderOutput
from apps.trading.services.cancelling import order_cancel
from apps.trading.services.placing import order_place
from apps.trading.services.replacing import order_replace
from apps.trading.views.answering import cancelled_answer, placed_answer
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

ORDER_THROTTLES = (AnonThrottle, ReadsThrottle, OrdersThrottle)
LOCATION = OpenApiParameter(
    name="Location",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[200, 201, 202],
    description="Where the order can be read.",
)
UNSETTLED = OpenApiResponse(
    OrderOutput,
    description="The venue's answer was lost, or has not come yet: the order is "
    "`unknown`, `sent` or still `intent`, is never sent again, and is settled by "
    "reconciliation.",
)
UNCONFIRMED = OpenApiResponse(
    OrderOutput,
    description="The venue has not confirmed the cancel yet; it is asked again.",
)


class OrderFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which orders to list."""

    account = filters.UUIDFilter(field_name="account_id", help_text="Of this account.")
    symbol = filters.CharFilter(help_text="Of this market, such as BTC/USDT.")
    state = filters.ChoiceFilter(choices=OrderState.choices, help_text="Where it is.")
    open = filters.BooleanFilter(
        field_name="ended_at",
        lookup_expr="isnull",
        help_text="true: those that have not ended; false: those that have.",
    )
    side = filters.ChoiceFilter(choices=SIDES, help_text="Which way.")
    kind = filters.ChoiceFilter(choices=KINDS, help_text="What kind of order.")
    strategy = filters.CharFilter(help_text="What they are filed under.")
    since = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="Made then or later."
    )
    until = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="lt", help_text="Made before."
    )

    class Meta:
        model = Order
        fields: tuple[str, ...] = ()


class OrderListPlaceView(ListAPIView[Order]):
    """The caller's orders."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = ORDER_THROTTLES
    serializer_class = OrderOutput
    filterset_class = OrderFilter
    queryset = Order.objects.none()

    def get_queryset(self) -> QuerySet[Order]:
        """Return the caller's orders, newest first."""
        return order_list(actor=actor_of(self.request))

    @extend_schema(operation_id="orders_list", tags=["trading"])
    def get(self, request: Request) -> Response:
        """List your orders, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="orders_place",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=OrderPlaceInput,
        responses={201: OrderOutput, 202: UNSETTLED},
    )
    @idempotent_outside
    def post(self, request: Request) -> Response:
        """Place an order, once, after the limits were asked.

        201 has the order in the state that it reached, also where the venue refused it
        (`rejected`) or it was not sent (`cancelled`): `error_code` says why. 422 is the
        market's rules or your limits (`risk_refused`, one error for each), 503
        `price_stale` that no fresh price is known; it is fetched from then on.
        """
        data = place_parse(request.data)
        order = order_place(
            actor=actor_of(request),
            account_id=data["account"],
            request=place_request(data),
            now=timezone.now(),
            request_key=request_key_of(request),
        )
        return placed_answer(order)


class OrderDetailView(APIView):
    """One order."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="orders_get", tags=["trading"], responses=OrderDetailOutput
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Return an order with every step of it."""
        order = order_get(actor=actor_of(request), order_id=order_id)
        return Response(OrderDetailOutput(order).data)


class OrderByClientIdView(APIView):
    """One order, by the caller's own name of it."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="orders_get_by_client_id",
        tags=["trading"],
        responses=OrderDetailOutput,
    )
    def get(self, request: Request, account_id: UUID, client_order_id: str) -> Response:
        """Return the order of an account that has a client order id."""
        account = account_get(actor=actor_of(request), account_id=account_id)
        order = order_by_client_id(account=account, client_order_id=client_order_id)
        return Response(OrderDetailOutput(order).data)


class OrderCancelView(APIView):
    """Cancelling an order."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = ORDER_THROTTLES

    @extend_schema(
        operation_id="orders_cancel",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=None,
        responses={200: OrderOutput, 202: UNCONFIRMED},
    )
    @idempotent_outside
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel an order; 409 where it has ended, also by a fill that came first."""
        order = order_cancel(
            actor=actor_of(request), order_id=order_id, now=timezone.now()
        )
        return cancelled_answer(order)


class OrderReplaceView(APIView):
    """Putting another order in the place of one."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = ORDER_THROTTLES

    @extend_schema(
        operation_id="orders_replace",
        tags=["trading"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=OrderReplaceInput,
        responses={201: OrderOutput, 202: UNSETTLED},
    )
    @idempotent_outside
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel an order and, once that is certain, place another for what is left.

        Never are both at risk. 409 `order_already_filled` where nothing is left,
        `order_unsettled` where the cancel is not confirmed: then nothing was placed.
        Where your limits refuse the new order, the old one is gone all the same.
        """
        data = OrderReplaceInput(data=request.data)
        data.is_valid(raise_exception=True)
        order = order_replace(
            actor=actor_of(request),
            order_id=order_id,
            now=timezone.now(),
            request_key=request_key_of(request),
            **data.validated_data,
        )
        return placed_answer(order)

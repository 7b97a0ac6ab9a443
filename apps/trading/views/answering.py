"""What the answers about orders have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from apps.core.errors import ApplicationError
from apps.core.exceptions import custom_exception_handler
from apps.trading.enums import OrderState
from apps.trading.serializers.orders import order_told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rest_framework.request import Request
    from rest_framework.views import APIView

    from apps.trading.models import Order

# Nobody knows yet: the answer is that it was accepted.
_PENDING = frozenset({OrderState.INTENT, OrderState.SENT, OrderState.UNKNOWN})


def placed_answer(order: Order) -> Response:
    """Return 201 with an order that was made; 202 while nobody knows what became of it."""
    body = order_told(order)
    status = 202 if OrderState(order.state) in _PENDING else 201
    return Response(body, status=status, headers={"Location": body["_links"]["self"]})


def cancelled_answer(order: Order) -> Response:
    """Return 200 with an order that is cancelled; 202 until the venue has confirmed it."""
    body = order_told(order)
    status = 200 if order.state == OrderState.CANCELLED else 202
    return Response(body, status=status, headers={"Location": body["_links"]["self"]})


def each_answered[T](
    view: APIView,
    request: Request,
    items: Sequence[T],
    act: Callable[[int, T], Response],
) -> Response:
    """Return 207 with what each of several would have been answered alone.

    Args:
        view: Which answers.
        request: What was asked.
        items: What is to be done, in order.
        act: Does one, by its place; its errors are its own.
    """
    context = {"view": view, "request": request, "args": (), "kwargs": {}}
    results = [_one(act, place, item, context) for place, item in enumerate(items)]
    return Response({"results": results}, status=207)


def result_of(answer: Response) -> dict[str, Any]:
    """Return an answer as one of several."""
    failed = answer.status_code >= 400  # noqa: PLR2004 - what HTTP calls an error
    return {
        "status": answer.status_code,
        "order": None if failed else answer.data,
        "errors": answer.data["errors"] if failed else None,
    }


def _one[T](
    act: Callable[[int, T], Response], place: int, item: T, context: dict[str, Any]
) -> dict[str, Any]:
    try:
        answer = act(place, item)
    except (ApplicationError, APIException, ValidationError) as error:
        told = custom_exception_handler(error, context)
        if told is None:
            raise
        answer = told
    except (DatabaseError, RedisError) as error:
        # What was done of the others is done, and has to be told.
        told = custom_exception_handler(error, context)
        if told is None:
            raise
        answer = told
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
    return result_of(answer)

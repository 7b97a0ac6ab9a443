"""Shapes of orders as they are told."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.amounts import AmountField
from apps.core.exact import over, plain
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.models import Order, OrderTransition
from apps.trading.serializers.order_inputs import (
    KINDS,
    PRICE_HELP,
    SIDES,
    STOP_HELP,
    TIMES,
)
from apps.trading.transitions import FINAL

if TYPE_CHECKING:
    from collections.abc import Callable


class OrderLinksOutput(serializers.Serializer[Any]):
    """What can be done next; null where it cannot."""

    self = serializers.CharField(help_text="This order.")
    account = serializers.CharField(help_text="The account that trades.")
    executions = serializers.CharField(help_text="What was traded of it.")
    cancel = serializers.CharField(allow_null=True, help_text="POST to cancel it.")
    replace = serializers.CharField(
        allow_null=True, help_text="POST to put another in its place."
    )


class OrderOutput(serializers.ModelSerializer[Order]):
    """An order."""

    account = serializers.UUIDField(
        source="account_id", help_text="The account that trades."
    )
    client_order_id = serializers.CharField(help_text="The name that the venue knows.")
    venue_order_id = serializers.CharField(
        help_text="The venue's name; empty where none was told."
    )
    origin = serializers.ChoiceField(
        choices=OrderOrigin.choices,
        help_text="Who made it; `external`: somebody outside of this service.",
    )
    symbol = serializers.CharField(help_text="The market.")
    side = serializers.ChoiceField(choices=SIDES, help_text="Which way.")
    kind = serializers.ChoiceField(choices=KINDS, help_text="What kind of order.")
    quantity = AmountField(help_text="What was ordered, base units.")
    price = AmountField(allow_null=True, help_text=PRICE_HELP)
    stop_price = AmountField(allow_null=True, help_text=STOP_HELP)
    time_in_force = serializers.ChoiceField(
        choices=TIMES, help_text="How long it rests."
    )
    post_only = serializers.BooleanField(help_text="Whether it never takes.")
    reduce_only = serializers.BooleanField(help_text="Whether it only reduces.")
    stop_loss = AmountField(allow_null=True, help_text="The exit at a loss; not sent.")
    target = AmountField(allow_null=True, help_text="The exit in profit; not sent.")
    strategy = serializers.CharField(help_text="What it is filed under.")
    replaces = serializers.UUIDField(
        source="replaces_id", allow_null=True, help_text="Whose place it took."
    )
    state = serializers.ChoiceField(
        choices=OrderState.choices,
        help_text="Where it is; filled, cancelled, rejected and expired are final.",
    )
    filled = AmountField(help_text="The sum of its executions, base units.")
    average_price = serializers.SerializerMethodField(
        help_text="Of what is filled, quote per base; null where nothing is."
    )
    disputed = serializers.BooleanField(
        help_text="Whether the venue contradicts itself: it executed more than was "
        "ordered, or something of what it had rejected."
    )
    sent_at = serializers.DateTimeField(
        allow_null=True, help_text="When it went to the venue; null: it did not."
    )
    cancel_asked_at = serializers.DateTimeField(
        allow_null=True, help_text="When its cancel was asked for."
    )
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When it came to a final state."
    )
    error_code = serializers.CharField(help_text="Why it was not taken; empty: it was.")
    error_message = serializers.CharField(help_text="The same, for people.")
    _links = serializers.SerializerMethodField(help_text="What can be done next.")

    class Meta:
        model = Order
        fields: tuple[str, ...] = (
            *("id", "account", "client_order_id", "venue_order_id", "origin"),
            *("symbol", "side", "kind", "quantity", "price", "stop_price"),
            *("time_in_force", "post_only", "reduce_only", "stop_loss", "target"),
            *("strategy", "replaces", "state", "filled", "average_price", "disputed"),
            *("created_at", "updated_at", "sent_at", "cancel_asked_at", "ended_at"),
            *("error_code", "error_message", "_links"),
        )
        read_only_fields = fields

    @extend_schema_field(AmountField(allow_null=True))
    def get_average_price(self, order: Order) -> str | None:
        """Return what was paid or taken for a unit."""
        return plain(over(order.spent, order.filled)) if order.filled else None

    @extend_schema_field(OrderLinksOutput)
    def get__links(self, order: Order) -> dict[str, str | None]:
        """Return where to go on."""
        where = f"{reverse('orders')}{order.pk}/"
        ended = OrderState(order.state) in FINAL
        return {
            "self": where,
            "account": reverse(
                "account_detail", kwargs={"account_id": order.account_id}
            ),
            "executions": f"{where}executions/",
            "cancel": None if ended else f"{where}cancel/",
            "replace": None if ended else f"{where}replace/",
        }


class OrderTransitionOutput(serializers.ModelSerializer[OrderTransition]):
    """A step of an order."""

    number = serializers.IntegerField(help_text="The first is 1.")
    before = serializers.CharField(help_text="Where it was; empty: it was made.")
    after = serializers.ChoiceField(
        choices=OrderState.choices, help_text="Where it came to."
    )
    cause = serializers.CharField(help_text="Why, in a word.")
    detail = serializers.CharField(help_text="Why, for people.")
    at = serializers.DateTimeField(help_text="When.")

    class Meta:
        model = OrderTransition
        fields = ("number", "before", "after", "cause", "detail", "at")
        read_only_fields = fields


class OrderDetailOutput(OrderOutput):
    """An order, every step of it, and which verdict let it pass."""

    verdict = serializers.UUIDField(
        source="verdict_id",
        allow_null=True,
        help_text="What the risk gate said; null for an order from outside.",
    )
    transitions = OrderTransitionOutput(many=True, help_text="Every step, in order.")

    class Meta(OrderOutput.Meta):
        fields = (*OrderOutput.Meta.fields, "verdict", "transitions")
        read_only_fields = fields


class ErrorItemOutput(serializers.Serializer[Any]):
    """Why something was not done, as the API's errors are."""

    code = serializers.CharField(help_text="Stable, for programs.")
    detail = serializers.CharField(help_text="What was wrong; what would be right.")
    attr = serializers.CharField(allow_null=True, help_text="What it concerns.")


class OrderResultOutput(serializers.Serializer[Any]):
    """What came of one of several, as if it had been asked for alone."""

    status = serializers.IntegerField(help_text="The status that it would have had.")
    order = OrderOutput(
        allow_null=True, help_text="The order; null where there is none."
    )
    errors = ErrorItemOutput(  # type: ignore[assignment]  # the API's own word
        many=True, allow_null=True, help_text="What was wrong; null where nothing was."
    )


class OrderResultsOutput(serializers.Serializer[Any]):
    """What came of each, in the order of the request."""

    results = OrderResultOutput(many=True, help_text="One for each.")


# DRF copies every field for each serializer; this one keeps nothing of what it is given.
_ORDER = OrderOutput()


def order_told(order: Order) -> dict[str, Any]:
    """Return an order as `OrderOutput` tells it."""
    told: dict[str, Any] = {}
    for name, attribute, plain_type, represent in _told_how():
        value = getattr(order, attribute) if attribute else order
        as_is = value is None or type(value) is plain_type
        told[name] = value if as_is else represent(value)
    return told


@cache
def _told_how() -> tuple[tuple[str, str, type | None, Callable[[Any], Any]], ...]:
    """Return how each field of an order is told.

    Its name, the attribute that it tells, empty for the order as a whole, the type of
    values that it tells as they are, and what represents all others.
    """
    as_they_are = {
        serializers.CharField: str,
        serializers.ChoiceField: str,
        serializers.BooleanField: bool,
    }
    return tuple(
        (
            name,
            "" if one.source == "*" else str(one.source),
            as_they_are.get(type(one)),
            one.to_representation,
        )
        for name, one in _ORDER.fields.items()
    )

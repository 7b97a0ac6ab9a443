"""Shapes of verdicts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.examples import SOME_ID, body_examples
from apps.core.serializers import StrictSerializer
from apps.exchanges.account_port import OrderKind, OrderSide
from apps.risk.models import RiskVerdict

_SIDES = [(one.value, one.value) for one in OrderSide]
_KINDS = [(one.value, one.value) for one in OrderKind]


def _price(help_text: str) -> AmountField:
    return AmountField(
        positive=True,
        required=False,
        allow_null=True,
        default=None,
        help_text=help_text,
    )


@body_examples(
    {
        "A limit order": {
            "account": SOME_ID,
            "symbol": "BTC/USDT",
            "side": "buy",
            "kind": "limit",
            "quantity": "0.01",
            "price": "60000",
        },
        "A market order": {
            "account": SOME_ID,
            "symbol": "BTC/USDT",
            "side": "buy",
            "kind": "market",
            "quantity": "0.01",
        },
    }
)
class VerdictInput(StrictSerializer):
    """An order that is to be judged and not placed."""

    account = serializers.UUIDField(help_text="The account that would trade.")
    symbol = serializers.CharField(
        max_length=64, help_text="A market of its exchange: BTC/USDT."
    )
    side = serializers.ChoiceField(choices=_SIDES, help_text="Which way.")
    kind = serializers.ChoiceField(choices=_KINDS, help_text="Whether it has a price.")
    quantity = AmountField(positive=True, help_text="Base units.")
    price = _price("The limit of an order that has one, quote per base.")
    stop_price = _price("Where an order that waits wakes, quote per base.")
    reduce_only = serializers.BooleanField(
        default=False, help_text="It may only make a position smaller."
    )
    stop_loss = _price("Where you mean to get out at a loss.")
    target = _price("Where you mean to take profit.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a price that the kind does not have, and a missing one."""
        kind = OrderKind(attrs["kind"])
        for name, wanted in (("price", kind.has_price), ("stop_price", kind.has_stop)):
            if wanted != (attrs[name] is not None):
                msg = (
                    f"A {kind.value} order {'needs a' if wanted else 'has no'} {name}."
                )
                raise serializers.ValidationError({name: [msg]})
        return attrs


class RuleOutput(serializers.Serializer[Any]):
    """What one rule said."""

    rule = serializers.CharField(help_text="Its name, as in the limits.")
    scope = serializers.ChoiceField(
        choices=[("account", "account"), ("user", "user")],
        help_text="Whose limits it is of.",
    )
    passed = serializers.BooleanField(help_text="Whether the order may go on.")
    value = serializers.CharField(
        allow_null=True, help_text="What the order would bring; null: unknown."
    )
    limit = serializers.CharField(allow_null=True, help_text="What is allowed.")
    unit = serializers.CharField(
        help_text="Of both: a currency, fraction, orders, seconds."
    )
    message = serializers.CharField(help_text="What, and what would be right.")


class JudgedOrderOutput(serializers.Serializer[Any]):
    """An order as it was judged."""

    symbol = serializers.CharField(help_text="The market.")
    side = serializers.ChoiceField(choices=_SIDES, help_text="Which way.")
    kind = serializers.ChoiceField(choices=_KINDS, help_text="Its kind.")
    reduce_only = serializers.BooleanField(help_text="It may only reduce.")
    currency = serializers.CharField(help_text="What the notional is in.")
    quantity = AmountField(help_text="Base units.")
    price = AmountField(allow_null=True, help_text="Its limit.")
    stop_price = AmountField(allow_null=True, help_text="Where it wakes.")
    stop_loss = AmountField(allow_null=True, help_text="As it was told.")
    target = AmountField(allow_null=True, help_text="As it was told.")
    valued_at = AmountField(
        allow_null=True, help_text="The highest price that it may trade at."
    )
    notional = AmountField(allow_null=True, help_text="Its worth at that price.")
    adds = AmountField(help_text="How much makes the position larger, base units.")


class VerdictOutput(serializers.ModelSerializer[RiskVerdict]):
    """What the gate said of an order."""

    account = serializers.UUIDField(source="account_id", help_text="The account.")
    order_id = serializers.UUIDField(
        allow_null=True, help_text="The order; null: it was a dry run."
    )
    allowed = serializers.BooleanField(help_text="Whether every rule passed.")
    order = serializers.SerializerMethodField(help_text="As it was judged.")
    rules = serializers.SerializerMethodField(
        help_text="What each rule said, those that failed first."
    )
    at = serializers.DateTimeField(help_text="When.")

    class Meta:
        model = RiskVerdict
        fields = ("id", "account", "order_id", "allowed", "order", "rules", "at")
        read_only_fields = fields

    @extend_schema_field(JudgedOrderOutput)
    def get_order(self, verdict: RiskVerdict) -> dict[str, Any]:
        """Return the order."""
        return dict(verdict.order)

    @extend_schema_field(RuleOutput(many=True))
    def get_rules(self, verdict: RiskVerdict) -> list[dict[str, Any]]:
        """Return what each rule said."""
        return list(verdict.rules)

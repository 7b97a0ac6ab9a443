"""Shapes of orders as they are asked for."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.examples import SOME_ID, body_examples
from apps.core.serializers import StrictSerializer
from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.trading.contracts import PlaceRequest

SIDES = [(one.value, one.value) for one in OrderSide]
KINDS = [(one.value, one.value) for one in OrderKind]
TIMES = [(one.value, one.value) for one in TimeInForce]
MOST_AT_ONCE = 50

_CLIENT_ID = (
    "Your own name of it: 1-36 letters, digits, - and _, never used twice in an account. "
    "One is made where you give none."
)
PRICE_HELP = "The limit, quote per base, a multiple of the market's tick."
STOP_HELP = "The price at which an order that waits wakes, quote per base."


@body_examples(
    {
        "A limit order": {
            "account": SOME_ID,
            "symbol": "BTC/USDT",
            "side": "buy",
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
        "A stop": {
            "account": SOME_ID,
            "symbol": "BTC/USDT",
            "side": "sell",
            "kind": "stop",
            "quantity": "0.01",
            "stop_price": "58000",
            "reduce_only": True,
        },
    }
)
class OrderPlaceInput(StrictSerializer):
    """An order to be placed."""

    account = serializers.UUIDField(help_text="The account that trades.")
    symbol = serializers.CharField(
        max_length=64, help_text="A spot market of its exchange: BTC/USDT."
    )
    side = serializers.ChoiceField(choices=SIDES, help_text="Which way.")
    kind = serializers.ChoiceField(
        choices=KINDS,
        default=OrderKind.LIMIT.value,
        help_text="`limit` and `market` go to the book at once; the others wait for "
        "`stop_price`.",
    )
    quantity = AmountField(
        positive=True, help_text="Base units, a multiple of the market's step: 0.01."
    )
    price = AmountField(
        positive=True,
        required=False,
        allow_null=True,
        help_text=f"{PRICE_HELP} Of orders with a limit alone.",
    )
    stop_price = AmountField(
        positive=True,
        required=False,
        allow_null=True,
        help_text=f"{STOP_HELP} Of orders that wait alone.",
    )
    time_in_force = serializers.ChoiceField(
        choices=TIMES,
        default=TimeInForce.GTC.value,
        help_text="How long a limit order rests: until cancelled, not at all, or not at "
        "all and whole or nothing.",
    )
    post_only = serializers.BooleanField(
        default=False, help_text="Rather be refused than take from the book."
    )
    reduce_only = serializers.BooleanField(
        default=False,
        help_text="Only sell what a position has and other open sells leave of it.",
    )
    stop_loss = AmountField(
        positive=True,
        required=False,
        allow_null=True,
        help_text="Where you mean to get out at a loss, for the limits; not sent.",
    )
    target = AmountField(
        positive=True,
        required=False,
        allow_null=True,
        help_text="Where you mean to take profit, for the limits; not sent.",
    )
    client_order_id = serializers.CharField(
        required=False, allow_null=True, max_length=36, help_text=_CLIENT_ID
    )
    strategy = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="What you file it under; positions and results are told by it.",
    )


@body_examples(
    {
        "Another price": {"price": "59500"},
    }
)
class OrderReplaceInput(StrictSerializer):
    """What is to be otherwise; the rest stays."""

    quantity = AmountField(
        positive=True,
        required=False,
        help_text="Of the old and the new order together: what the old one has filled "
        "counts, base units.",
    )
    price = AmountField(positive=True, required=False, help_text=PRICE_HELP)
    stop_price = AmountField(positive=True, required=False, help_text=STOP_HELP)
    client_order_id = serializers.CharField(
        required=False, max_length=36, help_text=_CLIENT_ID
    )


@body_examples(
    {
        "One market": {"account": SOME_ID, "symbol": "BTC/USDT"},
    }
)
class OrdersCancelAllInput(StrictSerializer):
    """Which open orders are to be cancelled."""

    account = serializers.UUIDField(help_text="Those of this account.")
    symbol = serializers.CharField(
        required=False, max_length=64, help_text="Only those of this market."
    )
    side = serializers.ChoiceField(
        choices=SIDES, required=False, help_text="Only those that go this way."
    )


class OrdersBulkInput(StrictSerializer):
    """Several orders to be placed."""

    orders = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=MOST_AT_ONCE,
        help_text=f"Up to {MOST_AT_ONCE}, each as for POST /api/v1/orders/.",
    )


@body_examples(
    {
        "Two orders": {
            "orders": [
                {
                    "account": SOME_ID,
                    "symbol": "BTC/USDT",
                    "side": "buy",
                    "quantity": "0.01",
                    "price": "60000",
                },
                {
                    "account": SOME_ID,
                    "symbol": "BTC/USDT",
                    "side": "buy",
                    "quantity": "0.01",
                    "price": "59000",
                },
            ]
        },
    }
)
class OrdersBulkBody(serializers.Serializer[Any]):
    """The same as the contract tells it; each order is parsed alone, after this."""

    orders = serializers.ListField(
        child=OrderPlaceInput(),
        min_length=1,
        max_length=MOST_AT_ONCE,
        help_text=f"Up to {MOST_AT_ONCE}; each is judged and placed as if alone.",
    )


@body_examples(
    {
        "One order": {"orders": [SOME_ID]},
    }
)
class OrdersBulkCancelInput(StrictSerializer):
    """Several orders to be cancelled."""

    orders = serializers.ListField(
        child=serializers.UUIDField(),
        min_length=1,
        max_length=MOST_AT_ONCE,
        help_text=f"The ids of up to {MOST_AT_ONCE} orders.",
    )


# DRF copies every field for each serializer; this one keeps nothing of what it is given.
_PLACE = OrderPlaceInput()


def place_parse(data: Any) -> dict[str, Any]:
    """Return an order's validated body.

    Raises:
        ValidationError: It is none; names each field.
    """
    parsed: dict[str, Any] = _PLACE.run_validation(data)
    return parsed


def place_request(data: dict[str, Any]) -> PlaceRequest:
    """Return what was asked for, of validated data."""
    return PlaceRequest(
        symbol=data["symbol"],
        side=OrderSide(data["side"]),
        kind=OrderKind(data["kind"]),
        quantity=data["quantity"],
        price=data.get("price"),
        stop_price=data.get("stop_price"),
        time_in_force=TimeInForce(data["time_in_force"]),
        post_only=data["post_only"],
        reduce_only=data["reduce_only"],
        stop_loss=data.get("stop_loss"),
        target=data.get("target"),
        client_order_id=data.get("client_order_id"),
        strategy=data["strategy"],
    )

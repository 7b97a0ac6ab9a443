"""What is asked of a market-making run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.analysis.services.market_making import MakingRequest, QuotingRequest
from apps.core.amounts import NumberField, exact_digits
from apps.core.serializers import StrictSerializer
from apps.engines.market_making import LatencyModel, QueueModel

QUEUE_MODELS = [
    (QueueModel.RISK_ADVERSE, "only trades at its price move an order forward"),
    (QueueModel.LOG_PROB, "f(back) / (f(back) + f(front)), f = log(1 + x)"),
    (QueueModel.LOG_PROB_2, "f(back) / f(back + front), f = log(1 + x)"),
    (QueueModel.SQUARE_PROB, "power_prob with the exponent 2"),
    (QueueModel.POWER_PROB, "f(back) / (f(back) + f(front)), f = x ** queue_power"),
    (QueueModel.POWER_PROB_2, "f(back) / f(back + front), f = x ** queue_power"),
    (QueueModel.POWER_PROB_3, "1 - f(front / (front + back)), f = x ** queue_power"),
]
LATENCY_MODELS = [
    (LatencyModel.CONSTANT, "always entry_latency_ms there, response_latency_ms back"),
    (
        LatencyModel.FEED,
        "as long as the feed took then, times latency_factor, each way",
    ),
]
LONGEST_MS = 3_600_000


def above_zero(value: Decimal) -> None:
    """Refuse a size of nothing."""
    if value == 0:
        msg = "It must be above zero."
        raise serializers.ValidationError(msg, code="min_value")


def _bps(text: str, **options: Any) -> NumberField:
    return NumberField(min_value=0, max_value=5_000, help_text=text, **options)


def _quantity(text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=36,
        decimal_places=18,
        min_value=Decimal(0),
        max_value=Decimal(10) ** 12,
        validators=[exact_digits, above_zero],
        help_text=text,
    )


def _fee(text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=20,
        decimal_places=18,
        min_value=Decimal("-0.1"),
        max_value=Decimal("0.1"),
        validators=[exact_digits],
        help_text=text,
    )


def _model(
    choices: list[tuple[Any, str]], default: str, text: str
) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, default=default, help_text=text)


def _milliseconds(text: str, **options: Any) -> NumberField:
    return NumberField(**{"max_value": LONGEST_MS, **options}, help_text=text)


class QuotingInput(StrictSerializer):
    """A grid of quotes on both sides of a reservation price.

    The reservation price is the book's middle, moved against the inventory. Quotes are
    post-only and on the tick.
    """

    half_spread_bps = _bps("From the reservation price to the nearest quote.")
    skew_bps = _bps(
        "How far the reservation price moves against an inventory of `max_position`; in "
        "proportion for a smaller one.",
        default=0,
    )
    order_quantity = _quantity("Each quote's size, base units.")
    grid_levels = serializers.IntegerField(
        default=1, min_value=1, max_value=50, help_text="How many quotes on each side."
    )
    grid_step_bps = _bps(
        "From one quote to the next on its side; at least a tick.", default=1
    )
    max_position = _quantity(
        "The inventory never goes beyond it on either side, base units."
    )
    interval_ms = _milliseconds(
        "Quotes are renewed this often.", default=100, min_value=0.1
    )


class MarketMakingInput(StrictSerializer):
    """Which quotes to play on which captured order book."""

    capture = serializers.UUIDField(
        source="capture_id", help_text="A capture; see `GET /api/v1/captures/`."
    )
    quoting = QuotingInput(help_text="How to quote.")
    maker_fee = _fee("Rate per fill of a resting order; negative is a rebate.")
    taker_fee = _fee("Rate per fill of an order that takes; quotes are post-only.")
    queue_model = _model(
        QUEUE_MODELS,
        QueueModel.POWER_PROB.value,
        "How a resting order moves up in its level's queue: what part of a decrease of "
        "the level was behind it.",
    )
    queue_power = NumberField(
        required=False,
        min_value=0.001,
        max_value=100,
        help_text="The exponent, of the `power_prob` models only; 2 when left out.",
    )
    latency_model = _model(
        LATENCY_MODELS,
        LatencyModel.CONSTANT.value,
        "How long orders and their answers take.",
    )
    entry_latency_ms = _milliseconds(
        "To the exchange, of `constant` only; 10 when left out.",
        required=False,
        min_value=0,
        max_value=60_000,
    )
    response_latency_ms = _milliseconds(
        "Back from it, of `constant` only; 10 when left out.",
        required=False,
        min_value=0,
        max_value=60_000,
    )
    latency_factor = NumberField(
        required=False,
        min_value=0,
        max_value=1_000,
        help_text="Of the feed's own latency, of `feed` only; 1 when left out.",
    )
    record_interval_ms = _milliseconds(
        "Middle, inventory and equity are recorded this often; at most 1,000,000 times.",
        default=1_000,
        min_value=1,
    )
    horizon_ms = _milliseconds(
        "How long after a fill the middle is looked at again, for adverse selection.",
        default=1_000,
        min_value=0,
    )
    partial_fills = serializers.BooleanField(
        default=False,
        help_text=(
            "Whether an order may be filled in parts. Refused as "
            "`unsupported_by_engine`: hftbacktest's exchange with partial fills does "
            "not carry them to the position, so orders are filled whole."
        ),
    )

    def making_request(self) -> MakingRequest:
        """Return what was asked for."""
        data = dict(self.validated_data)
        return MakingRequest(
            quoting=QuotingRequest(**data.pop("quoting")),
            queue_model=QueueModel(data.pop("queue_model")),
            latency_model=LatencyModel(data.pop("latency_model")),
            **data,
        )

"""Shapes of position sizes, value at risk and correlations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.core.amounts import AmountField, NumberField
from apps.core.examples import SOME_ID, body_examples
from apps.core.serializers import StrictSerializer
from apps.risk.enums import SizingMethod
from apps.risk.models import Correlation

_ONE = Decimal(1)


@body_examples(
    {
        "A hundredth at the stop": {
            "method": "fixed_fraction",
            "side": "buy",
            "entry": "60000",
            "stop": "58000",
            "fraction": "0.01",
            "equity": "10000",
            "step": "0.00001",
        },
        "Half Kelly": {
            "method": "kelly_bets",
            "side": "buy",
            "entry": "60000",
            "stop": "58000",
            "win_rate": "0.55",
            "payoff": "1.5",
            "account_id": SOME_ID,
            "symbol": "BTC/USDT",
        },
    }
)
class PositionSizeInput(StrictSerializer):
    """What to size; each method says what it needs."""

    method = serializers.ChoiceField(
        choices=SizingMethod.choices,
        help_text="fixed_fraction needs stop and fraction; volatility_target needs target "
        "and volatility or series_id; kelly_bets needs stop, win_rate and payoff; "
        "kelly_returns needs mean and variance.",
    )
    side = serializers.ChoiceField(
        choices=(("buy", "Buy"), ("sell", "Sell")), help_text="What is to be opened."
    )
    entry = AmountField(positive=True, help_text="The price of entry, quote per base.")
    account_id = serializers.UUIDField(
        required=False, help_text="Takes the equity of this account, and its market."
    )
    symbol = serializers.CharField(
        max_length=64, required=False, help_text="The market, such as BTC/USDT."
    )
    equity = AmountField(
        positive=True,
        required=False,
        help_text="Quote units, instead of what the account is worth.",
    )
    step = AmountField(
        positive=True,
        required=False,
        help_text="Quantities are multiples of it; the market's own by default.",
    )
    stop = AmountField(
        positive=True,
        required=False,
        help_text="Where a loss is taken: below the entry of a buy, above that of a sell.",
    )
    fraction = AmountField(
        positive=True,
        max_value=_ONE,
        required=False,
        help_text="Of equity that may be lost at the stop, such as 0.01.",
    )
    target = AmountField(
        positive=True,
        max_value=Decimal(10),
        required=False,
        help_text="Deviation of equity a year that is wanted, such as 0.2.",
    )
    volatility = AmountField(
        positive=True,
        max_value=Decimal(1000),
        required=False,
        help_text="Deviation of the market's returns a year, such as 0.8.",
    )
    series_id = serializers.UUIDField(
        required=False, help_text="A candle series of yours to take the volatility of."
    )
    days = serializers.IntegerField(
        min_value=20,
        max_value=730,
        default=60,
        help_text="How many daily returns of the series are used.",
    )
    win_rate = AmountField(
        min_value=Decimal(0),
        max_value=_ONE,
        required=False,
        help_text="Share of trades that win, such as 0.55.",
    )
    payoff = AmountField(
        positive=True,
        required=False,
        help_text="Average win for each unit of the average loss, such as 1.5.",
    )
    mean = AmountField(
        required=False, help_text="Mean excess return of a period, such as 0.001."
    )
    variance = AmountField(
        positive=True,
        required=False,
        help_text="Variance of the returns of the same period, such as 0.0004.",
    )
    share = AmountField(
        positive=True,
        max_value=_ONE,
        default=Decimal("0.5"),
        help_text="How much of Kelly's fraction is taken; half of it by default.",
    )
    cap = AmountField(
        positive=True,
        max_value=Decimal(10),
        default=Decimal("0.25"),
        help_text="The most of equity that Kelly may risk or expose.",
    )
    max_leverage = AmountField(
        positive=True,
        max_value=Decimal(125),
        default=_ONE,
        help_text="The most notional in units of equity; 1 by default, as on spot.",
    )


class PositionSizeOutput(serializers.Serializer[Any]):
    """How much to trade, and how that was found."""

    method = serializers.ChoiceField(
        choices=SizingMethod.choices, help_text="The rule that was used."
    )
    formula = serializers.CharField(help_text="The rule, as text.")
    reference = serializers.CharField(help_text="Where the rule is from.")
    quantity = AmountField(
        help_text="Base units on the market's step, rounded down; 0: trade nothing."
    )
    unrounded = AmountField(help_text="Before it was brought down to the step.")
    notional = AmountField(help_text="The quantity at the entry, quote units.")
    equity = AmountField(help_text="What was reckoned with, quote units.")
    fraction = AmountField(
        help_text="Of equity that is risked, exposed, or wanted as deviation."
    )
    loss_at_stop = AmountField(
        allow_null=True,
        help_text="Quote units lost if the stop is met at its own price, before fees; "
        "null without a stop.",
    )
    leverage = AmountField(help_text="Notional in units of equity.")
    step = AmountField(allow_null=True, help_text="Null where none is known.")
    volatility = AmountField(
        allow_null=True, help_text="A year; null where the rule uses none."
    )
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What changed the number."
    )


@body_examples(
    {
        "One day with two confidences": {
            "account_id": SOME_ID,
            "confidences": [0.95, 0.99],
            "horizon_days": 1,
        },
    }
)
class ValueAtRiskInput(StrictSerializer):
    """What to measure."""

    account_id = serializers.UUIDField(help_text="The account whose holdings.")
    confidences = serializers.ListField(
        child=NumberField(min_value=0.5, max_value=0.9999),
        min_length=1,
        max_length=5,
        default=[0.95, 0.99],
        help_text="Of the losses: 0.95 leaves one day in 20 worse.",
    )
    horizon_days = serializers.IntegerField(
        min_value=1,
        max_value=30,
        default=1,
        help_text="Over how many days; beyond one by the square root of time.",
    )
    days = serializers.IntegerField(
        min_value=60,
        max_value=5000,
        default=730,
        help_text="How many days of stored candles are looked at.",
    )
    window = serializers.IntegerField(
        min_value=30,
        max_value=1000,
        default=250,
        help_text="How many days each forecast of the backtest is made of.",
    )
    leave_out = serializers.BooleanField(
        default=False,
        help_text="Measure without the holdings that have no candles; they are named.",
    )


@body_examples(
    {
        "Of one venue": {"exchange": "binance"},
    }
)
class CorrelationInput(StrictSerializer):
    """Whose correlations to compute."""

    exchange = serializers.CharField(
        max_length=32, help_text="The venue of your candle series, such as binance."
    )


class CorrelationOutput(serializers.ModelSerializer[Correlation]):
    """How two markets moved together."""

    one = serializers.CharField(help_text="A market.")
    other = serializers.CharField(help_text="Another, after it in the alphabet.")
    value = serializers.FloatField(
        help_text="Pearson's coefficient of daily returns, from -1 to 1."
    )
    days = serializers.IntegerField(help_text="How many returns both have.")
    last_day = serializers.DateField(help_text="The UTC day of the last of them.")

    class Meta:
        model = Correlation
        fields = ("exchange", "one", "other", "value", "days", "last_day", "made_at")
        read_only_fields = fields

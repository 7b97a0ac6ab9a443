"""Shapes of limits."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.examples import body_examples
from apps.core.serializers import StrictSerializer
from apps.risk.limit_set import COUNT_MOST, FEW_MOST, PATTERNS_MOST, SECONDS_MOST
from apps.risk.models import RiskLimits, RiskLimitsVersion


def _amount(help_text: str) -> AmountField:
    return AmountField(
        positive=True, required=False, allow_null=True, help_text=help_text
    )


def _count(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1,
        max_value=COUNT_MOST,
        required=False,
        allow_null=True,
        help_text=help_text,
    )


def _seconds(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1, max_value=SECONDS_MOST, help_text=help_text
    )


def _flag(help_text: str) -> serializers.BooleanField:
    return serializers.BooleanField(required=False, help_text=help_text)


def _few(help_text: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1, max_value=FEW_MOST, help_text=help_text, **options
    )


def _patterns(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=64),
        min_length=1,
        max_length=PATTERNS_MOST,
        required=False,
        allow_null=True,
        help_text=help_text,
    )


class StopGuardShape(StrictSerializer):
    """After so many losses, nothing is added for a while."""

    count = _few("So many losing executions.")
    lookback_seconds = _seconds("Within so long.")
    lock_seconds = _seconds("The lock's length, from the last of them on.")
    only_stops = _flag("Count those of stop orders alone; false.")
    per_symbol = _flag("Count, and lock, each market alone; false.")


class StreakGuardShape(StrictSerializer):
    """After so many losses without a win between them, nothing is added for a while."""

    count = _few("So many losing executions in a row.")
    lookback_seconds = _seconds("Within so long.")
    lock_seconds = _seconds("The lock's length, from the last of them on.")
    per_symbol = _flag("Count, and lock, each market alone; false.")


class DrawdownGuardShape(StrictSerializer):
    """After realised profits fell so far from their height, nothing is added."""

    share = AmountField(
        positive=True, help_text="Of the equity at that height, up to 1."
    )
    lookback_seconds = _seconds("Within so long.")
    lock_seconds = _seconds("The lock's length, from the last loss of the fall on.")
    min_results = _few(
        "Fewer executions that realised something are not judged; 1.", required=False
    )


class CooldownGuardShape(StrictSerializer):
    """After each loss in a market, nothing is added to it for a while."""

    lock_seconds = _seconds("The lock's length, from the loss on.")
    only_stops = _flag("After stop orders alone; false.")


class LockRulesShape(StrictSerializer):
    """When trading locks itself; of one account alone."""

    stop = StopGuardShape(
        required=False, allow_null=True, help_text="After several losses."
    )
    loss_streak = StreakGuardShape(
        required=False, allow_null=True, help_text="After losses in a row."
    )
    drawdown = DrawdownGuardShape(
        required=False, allow_null=True, help_text="After profits fell."
    )
    cooldown = CooldownGuardShape(
        required=False, allow_null=True, help_text="After each loss."
    )


class LimitRulesShape(StrictSerializer):
    """Limits; each may be left out. `docs/risk.md` has the formula of each."""

    currency = serializers.CharField(
        max_length=16,
        required=False,
        allow_null=True,
        help_text="What amounts are in, of limits of a user alone; USDT.",
    )
    max_order_notional = _amount("What one order may be worth.")
    max_position_notional = _amount(
        "What the position in a market and the orders that add to it may be worth."
    )
    max_share_of_equity = _amount("The same, as a fraction of the equity, up to 1.")
    max_open_orders = _count("How many orders may be open.")
    max_orders_per_minute = _count("How many orders may be made in 60 seconds.")
    max_daily_loss = _amount(
        "What may be lost since 00:00 UTC before nothing is added."
    )
    max_daily_loss_share = _amount("The same, as a fraction of the day's beginning.")
    max_drawdown = _amount("How far equity may be below its highest, a fraction.")
    max_leverage = _amount("All exposure as a multiple of the equity, up to 100.")
    max_correlated_exposure = _amount("sqrt(w' C w) of all exposure, an amount.")
    allowed_instruments = _patterns("Only these may be added to, such as BTC/*.")
    forbidden_instruments = _patterns("These may not be added to, such as */EUR.")
    price_collar = _amount(
        "How far a limit or a stop may be from the last price, a fraction. Without it, "
        "0.5 for a limit that would trade against the market."
    )
    min_stop_distance = _amount("How far a stop_loss has to be, of the entry.")
    max_stop_distance = _amount("How far a stop_loss may be, of the entry.")
    require_stop = _flag("Whether an order that adds has to name a stop_loss; false.")
    min_reward_to_risk = _amount("Distance to the target by distance to the stop.")
    max_price_age_seconds = _amount(
        "How old a price may be to trade on, up to 3600; LIVE_STALE_SECONDS."
    )
    halt_on_drawdown = _flag("Past max_drawdown, only reduce from then on; false.")
    halt_on_daily_loss = _flag("Past max_daily_loss, only reduce from then on; false.")
    locks = LockRulesShape(
        required=False, allow_null=True, help_text="When trading locks itself."
    )


@body_examples(
    {
        "Careful": {
            "rules": {
                "max_order_notional": "1000",
                "max_share_of_equity": "0.25",
                "max_open_orders": 20,
                "max_orders_per_minute": 60,
                "max_daily_loss_share": "0.03",
                "max_drawdown": "0.1",
                "price_collar": "0.02",
                "halt_on_drawdown": True,
                "locks": {
                    "loss_streak": {
                        "count": 3,
                        "lookback_seconds": 86400,
                        "lock_seconds": 14400,
                    }
                },
            },
            "note": "To begin with",
        },
    }
)
class LimitsInput(StrictSerializer):
    """All limits, in place of those before."""

    rules = LimitRulesShape(help_text="The limits; an empty object removes them all.")
    note = serializers.CharField(
        max_length=400,
        default="",
        allow_blank=True,
        help_text="Why, for the history.",
    )


class LimitsOutput(serializers.ModelSerializer[RiskLimits]):
    """Limits as they are."""

    account = serializers.UUIDField(
        source="account_id",
        allow_null=True,
        help_text="The account; null: all accounts of one mode together.",
    )
    version = serializers.IntegerField(
        help_text="Counts the changes; 0: none were ever set."
    )
    rules = serializers.SerializerMethodField(help_text="Those that are set.")
    updated_at = serializers.DateTimeField(
        allow_null=True, help_text="When they were changed last."
    )

    class Meta:
        model = RiskLimits
        fields = ("account", "version", "rules", "updated_at")
        read_only_fields = fields

    @extend_schema_field(LimitRulesShape)
    def get_rules(self, limits: RiskLimits) -> dict[str, Any]:
        """Return the limits that are set."""
        return dict(limits.rules)


class LimitsVersionOutput(serializers.ModelSerializer[RiskLimitsVersion]):
    """Limits as they were after one change."""

    version = serializers.IntegerField(help_text="Which change, from 1 on.")
    rules = serializers.SerializerMethodField(help_text="Those that were set.")
    note = serializers.CharField(help_text="Why.")
    changed_by = serializers.UUIDField(
        source="changed_by_id", allow_null=True, help_text="Who changed them."
    )
    created_at = serializers.DateTimeField(help_text="When.")

    class Meta:
        model = RiskLimitsVersion
        fields = ("version", "rules", "note", "changed_by", "created_at")
        read_only_fields = fields

    @extend_schema_field(LimitRulesShape)
    def get_rules(self, version: RiskLimitsVersion) -> dict[str, Any]:
        """Return the limits that were set."""
        return dict(version.rules)

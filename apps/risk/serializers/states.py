"""Shapes of states, halts, locks and events."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.amounts import AmountField
from apps.core.exact import exact, plain
from apps.core.examples import SOME_ID, body_examples
from apps.core.serializers import StrictSerializer
from apps.risk.enums import LockKind, TradingState
from apps.risk.models import RiskEvent, RiskLock, RiskScope
from apps.risk.serializers.verdicts import RuleOutput

if TYPE_CHECKING:
    from apps.risk.selectors.status import Standing

_ACCOUNT = "One account; left out or null: all of yours, also those made later."
_CHANGEABLE = [(one.value, one.label) for one in TradingState if one.value != "halted"]


@body_examples(
    {
        "Every account": {"reason": "The venue answers oddly"},
        "One account": {"account": SOME_ID, "reason": "The venue answers oddly"},
    }
)
class KillSwitchInput(StrictSerializer):
    """What to stop, and why."""

    account = serializers.UUIDField(default=None, allow_null=True, help_text=_ACCOUNT)
    reason = serializers.CharField(
        max_length=400, default="", allow_blank=True, help_text="Why, for people."
    )


@body_examples(
    {
        "Every account": {"reason": "The venue is well again"},
    }
)
class KillSwitchReleaseInput(StrictSerializer):
    """What may go on, and why."""

    account = serializers.UUIDField(
        default=None, allow_null=True, help_text="As it was engaged."
    )
    reason = serializers.CharField(max_length=400, help_text="Why, for people.")
    force = serializers.BooleanField(
        default=False,
        help_text="Release before the venue has confirmed that nothing is open.",
    )


@body_examples(
    {
        "Only reduce": {"state": "reducing", "reason": "Over the weekend"},
        "Trade again": {"state": "active", "reason": "It is Monday"},
    }
)
class StateInput(StrictSerializer):
    """What may be traded from now on."""

    account = serializers.UUIDField(default=None, allow_null=True, help_text=_ACCOUNT)
    state = serializers.ChoiceField(
        choices=_CHANGEABLE,
        help_text="active; or reducing: only what makes a position smaller.",
    )
    reason = serializers.CharField(max_length=400, help_text="Why, for people.")


class ScopeOutput(serializers.ModelSerializer[RiskScope]):
    """What an account, or all accounts of a user, may trade."""

    account = serializers.UUIDField(
        source="account_id", allow_null=True, help_text="The account; null: all."
    )
    state = serializers.ChoiceField(
        choices=TradingState.choices, help_text="What may be traded."
    )
    reason = serializers.CharField(help_text="Why it is so.")
    changed_at = serializers.DateTimeField(allow_null=True, help_text="Since when.")
    halted_at = serializers.DateTimeField(
        allow_null=True, help_text="When the last halt was committed."
    )
    quiet_at = serializers.DateTimeField(
        allow_null=True, help_text="When nothing was being sent any more under it."
    )
    cleared_at = serializers.DateTimeField(
        allow_null=True, help_text="When the venue had confirmed that nothing is open."
    )

    class Meta:
        model = RiskScope
        fields = (
            "account",
            "state",
            "reason",
            "changed_at",
            "halted_at",
            "quiet_at",
            "cleared_at",
        )
        read_only_fields = fields


@body_examples(
    {
        "One market": {
            "symbol": "BTC/USDT",
            "until": "2027-01-04T00:00:00Z",
            "reason": "Until the news are out",
        },
    }
)
class LockInput(StrictSerializer):
    """A lock by hand."""

    symbol = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="The market; empty: every market of the account.",
    )
    until = serializers.DateTimeField(help_text="When it ends, within 366 days.")
    reason = serializers.CharField(max_length=400, help_text="Why, for people.")


class LockChangeInput(StrictSerializer):
    """What of a lock is to change."""

    until = serializers.DateTimeField(help_text="When it ends, within 366 days.")
    reason = serializers.CharField(
        max_length=400, required=False, help_text="Why, for people; unchanged."
    )


class LockOutput(serializers.ModelSerializer[RiskLock]):
    """No order that adds exposure, until then."""

    symbol = serializers.CharField(help_text="The market; empty: every market.")
    kind = serializers.ChoiceField(
        choices=LockKind.choices, help_text="What brought it about."
    )
    reason = serializers.CharField(help_text="Why.")
    begins_at = serializers.DateTimeField(help_text="From when on.")
    until = serializers.DateTimeField(help_text="Until when.")
    released_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was released early."
    )

    class Meta:
        model = RiskLock
        fields = (
            "id",
            "symbol",
            "kind",
            "reason",
            "begins_at",
            "until",
            "released_at",
            "created_at",
        )
        read_only_fields = fields


class ExposureOutput(serializers.Serializer[Any]):
    """What is held in one market, and may be."""

    symbol = serializers.CharField(help_text="The market.")
    amount = AmountField(help_text="Position and what open orders may add.")


class StandingOutput(serializers.Serializer[Any]):
    """How an account stands, or your accounts of one mode together."""

    account = serializers.SerializerMethodField(help_text="The account; null: all.")
    mode = serializers.CharField(help_text="paper or live.")
    scope = ScopeOutput(help_text="What may be traded.")
    currency = serializers.CharField(help_text="What amounts are in.")
    equity = AmountField(allow_null=True, help_text="Worth now; null: unknown.")
    exposures = serializers.SerializerMethodField(help_text="By market.")
    open_orders = serializers.IntegerField(help_text="How many hold exposure.")
    rules = serializers.SerializerMethodField(
        help_text="Of each limit that is set, how much is used."
    )
    locks = LockOutput(many=True, help_text="Those that hold now.")
    message = serializers.CharField(help_text="Why something is unknown.")

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_account(self, standing: Standing) -> str | None:
        """Return the account's id."""
        return None if standing.account is None else str(standing.account.pk)

    @extend_schema_field(ExposureOutput(many=True))
    def get_exposures(self, standing: Standing) -> list[dict[str, str]]:
        """Return exposure by market."""
        return [
            {"symbol": symbol, "amount": plain(exact(amount))}
            for symbol, amount in sorted(standing.exposures.items())
        ]

    @extend_schema_field(RuleOutput(many=True))
    def get_rules(self, standing: Standing) -> list[dict[str, Any]]:
        """Return how much of each limit is used."""
        return [asdict(one) for one in standing.rules]


class StatusOutput(serializers.Serializer[Any]):
    """How your accounts stand."""

    user = ScopeOutput(help_text="What all of your accounts may trade.")
    together = StandingOutput(
        many=True, help_text="Your own limits, for each mode that has accounts."
    )
    accounts = StandingOutput(many=True, help_text="Each open account.")


class EventOutput(serializers.ModelSerializer[RiskEvent]):
    """Something that you should know of."""

    account = serializers.UUIDField(
        source="account_id", allow_null=True, help_text="The account; null: all."
    )
    name = serializers.CharField(help_text="What happened, such as halted.")
    detail = serializers.CharField(help_text="What and why, for people.")
    body = serializers.JSONField(help_text="More of it, for programs.")

    class Meta:
        model = RiskEvent
        fields = ("id", "account", "name", "detail", "body", "created_at")
        read_only_fields = fields

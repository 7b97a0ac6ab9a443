"""Shapes of comparisons with venues."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.serializers import StrictSerializer
from apps.trading.enums import ReconciliationState, ReconciliationTrigger
from apps.trading.models import Reconciliation


class ReconciliationInput(StrictSerializer):
    """Which account to compare with its venue."""

    account = serializers.UUIDField(help_text="The account's id.")


class ReconciliationFindingOutput(serializers.Serializer[dict[str, str]]):
    """One thing that was found."""

    kind = serializers.CharField(
        help_text="What it is, such as balance_differs, adopted, settled, never_arrived, "
        "filled_less; docs/reconciliation.md lists them."
    )
    subject = serializers.CharField(help_text="Which order, market or currency.")
    ours = serializers.CharField(
        help_text="What we had; empty where that says nothing."
    )
    theirs = serializers.CharField(help_text="What the venue has.")
    done = serializers.CharField(help_text="What was done; empty: nothing.")


class ReconciliationOutput(serializers.ModelSerializer[Reconciliation]):
    """A comparison of an account with its venue."""

    account = serializers.UUIDField(source="account_id", help_text="The account.")
    trigger = serializers.ChoiceField(
        choices=ReconciliationTrigger.choices, help_text="Why it was made."
    )
    state = serializers.ChoiceField(
        choices=ReconciliationState.choices,
        help_text="Whether it runs, came to its end, or failed on the way.",
    )
    unexplained = serializers.BooleanField(
        help_text="Whether balances differ by what no execution explains: go and look."
    )
    orders_looked_at = serializers.IntegerField(
        help_text="How many of our orders were compared."
    )
    executions_applied = serializers.IntegerField(
        help_text="How many executions were new."
    )
    settled = serializers.IntegerField(
        help_text="How many orders left the states sent and unknown."
    )
    unsettled = serializers.IntegerField(help_text="How many are still in one of them.")
    adopted = serializers.IntegerField(
        help_text="How many orders made elsewhere were taken over."
    )
    findings = ReconciliationFindingOutput(
        many=True, help_text="What was found; 500 at most."
    )
    started_at = serializers.DateTimeField(help_text="When it began.")
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When it ended; null while it runs."
    )
    error_code = serializers.CharField(help_text="Why it failed; empty: it did not.")
    error_message = serializers.CharField(help_text="The same for a person.")

    class Meta:
        model = Reconciliation
        fields = (
            *("id", "account", "trigger", "state", "unexplained"),
            *("orders_looked_at", "executions_applied", "settled", "unsettled"),
            *("adopted", "findings", "started_at", "ended_at"),
            *("error_code", "error_message"),
        )
        read_only_fields = fields

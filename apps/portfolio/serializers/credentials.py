"""Shapes of keys, which go in and never come out, and of preflights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.examples import body_examples
from apps.core.preflight.contracts import Verdict
from apps.core.serializers import StrictSerializer
from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.selectors.accounts import preflight_valid_until

if TYPE_CHECKING:
    from datetime import datetime

# An RSA or Ed25519 key in PEM, which some exchanges use, has some 3,200 characters.
_LONGEST = 8192


class _SecretField(serializers.CharField):
    """A part of keys: taken as it is, and never shown."""

    def __init__(self, **options: Any) -> None:
        """Take any option of a text."""
        super().__init__(
            write_only=True,
            trim_whitespace=False,
            max_length=_LONGEST,
            style={"input_type": "password"},
            **options,
        )


@body_examples(
    {
        "Keys of Binance": {"api_key": "the key", "secret": "its secret"},
    }
)
class CredentialsInput(StrictSerializer):
    """Keys of an exchange, which may read and trade and nothing else."""

    api_key = _SecretField(help_text="The key. It is never shown again.")
    secret = _SecretField(help_text="What calls are signed with; never shown again.")
    password = _SecretField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The third part, where the exchange gave one; never shown again.",
    )

    def validate_api_key(self, value: str) -> str:
        """Refuse what cannot be sent, which is mostly a slip in copying."""
        return _sendable(value)

    def validate_password(self, value: str | None) -> str | None:
        """Refuse what cannot be sent."""
        return None if value is None else _sendable(value)


def _sendable(value: str) -> str:
    """Refuse what is no visible ASCII: these parts travel in a header.

    Raises:
        ValidationError: It is not; the message holds nothing of it.
    """
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        msg = "It holds spaces at an end, line breaks, or letters outside of ASCII."
        raise serializers.ValidationError(msg, code="invalid")
    return value


class CredentialsOutput(serializers.ModelSerializer[Credential]):
    """What may be known of an account's keys."""

    key_hint = serializers.CharField(
        help_text="The last characters of the API key; empty where it is a short one."
    )
    tested_at = serializers.DateTimeField(
        allow_null=True, help_text="When the exchange was last asked about them."
    )
    can_trade = serializers.BooleanField(
        allow_null=True, help_text="Null where the exchange does not tell."
    )
    can_withdraw = serializers.BooleanField(
        allow_null=True,
        help_text="Keys that may are refused. Null where the exchange does not tell.",
    )
    addresses_restricted = serializers.BooleanField(
        allow_null=True,
        help_text="Whether they work from certain addresses alone. Null: not told.",
    )
    message = serializers.CharField(
        help_text="What the exchange said was wrong; empty where nothing was."
    )

    class Meta:
        model = Credential
        fields = (
            "key_hint",
            "tested_at",
            "can_trade",
            "can_withdraw",
            "addresses_restricted",
            "message",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class AccountFindingOutput(serializers.Serializer[Any]):
    """One line of a go/no-go list."""

    name = serializers.CharField(help_text="What was looked at.")
    verdict = serializers.ChoiceField(
        choices=[one.value for one in Verdict],
        help_text="NO-GO keeps the account from trading, WARN should be looked at.",
    )
    found = serializers.CharField(help_text="What was found.")
    action = serializers.CharField(
        help_text="What to do about it; empty where nothing is to be done."
    )


class AccountPreflightOutput(serializers.ModelSerializer[AccountPreflight]):
    """The go/no-go list of a live account, as it was found."""

    passed = serializers.BooleanField(help_text="Whether nothing was a NO-GO.")
    findings = AccountFindingOutput(many=True, help_text="What was looked at.")
    void_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When it lost its worth because the keys changed; null: it has not.",
    )
    valid_until = serializers.SerializerMethodField(
        help_text="Until when it lets the account trade; null where it does not."
    )

    class Meta:
        model = AccountPreflight
        fields = (
            "id",
            "passed",
            "findings",
            "void_at",
            "valid_until",
            "created_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_valid_until(self, preflight: AccountPreflight) -> datetime | None:
        """Return until when it lets the account trade."""
        return preflight_valid_until(preflight)

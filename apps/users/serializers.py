"""Shapes of what people send and see."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.serializers import StrictSerializer
from apps.users.enums import ApiKeyScope, ApiKeyState
from apps.users.models import ApiKey, User

LONGEST_OVERLAP_SECONDS = 7 * 24 * 3600
MOST_ADDRESSES = 50


class LoginInput(StrictSerializer):
    """A name and a password."""

    username = serializers.CharField(max_length=150, help_text="The user's name.")
    password = serializers.CharField(
        max_length=1024,
        trim_whitespace=False,
        write_only=True,
        style={"input_type": "password"},
        help_text="The password.",
    )


class UserOutput(serializers.ModelSerializer[User]):
    """A person, as that person sees themselves."""

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "is_staff",
            "date_joined",
        )
        read_only_fields = fields


class UserUpdateInput(StrictSerializer):
    """What a person may change of themselves."""

    first_name = serializers.CharField(
        max_length=150, required=False, allow_blank=True, help_text="Given name."
    )
    last_name = serializers.CharField(
        max_length=150, required=False, allow_blank=True, help_text="Family name."
    )
    email = serializers.EmailField(
        required=False, allow_blank=True, help_text="Address for notices."
    )


class PasswordChangeInput(StrictSerializer):
    """The password of today and the next one."""

    current_password = serializers.CharField(
        max_length=1024, trim_whitespace=False, help_text="Today's password."
    )
    new_password = serializers.CharField(
        max_length=1024, trim_whitespace=False, help_text="At least 12 characters."
    )


class SessionOutput(serializers.Serializer[Any]):
    """Whether this caller is signed in."""

    authenticated = serializers.BooleanField(help_text="Signed in or not.")
    user = UserOutput(allow_null=True, help_text="Who it is, when signed in.")


class CsrfOutput(serializers.Serializer[Any]):
    """The token that a browser's forms must carry in `X-CSRFToken`."""

    csrf_token = serializers.CharField(help_text="Send it as `X-CSRFToken`.")


class TokenOutput(serializers.Serializer[Any]):
    """A token for programs."""

    token = serializers.CharField(
        help_text="Send it as `Authorization: Token <token>`."
    )


class ApiKeyCreateInput(StrictSerializer):
    """A new key."""

    name = serializers.CharField(
        max_length=100, help_text="What you call it, such as the program that has it."
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKeyScope.choices),
        min_length=1,
        max_length=len(ApiKeyScope),
        help_text="What it may do; `read` is always among it.",
    )
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When it stops working; null: never.",
    )
    allowed_addresses = serializers.ListField(
        child=serializers.CharField(max_length=50),
        required=False,
        default=list,
        max_length=MOST_ADDRESSES,
        help_text="Addresses and networks that it may be used from; none: everywhere.",
    )


class ApiKeyRotateInput(StrictSerializer):
    """How a key is replaced."""

    overlap_seconds = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=LONGEST_OVERLAP_SECONDS,
        help_text="How long the old key works on, at most seven days.",
    )
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When the new key stops working; null: when the old one would have.",
    )


class ApiKeyOutput(serializers.ModelSerializer[ApiKey]):
    """A key as its owner sees it, without its secret."""

    prefix = serializers.CharField(
        read_only=True, help_text="What the key begins with, to tell it from others."
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKeyScope.choices),
        read_only=True,
        help_text="What it may do.",
    )
    allowed_addresses = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Where it may be used from; none: everywhere.",
    )
    state = serializers.SerializerMethodField(help_text="Whether it works.")

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id",
            "name",
            "prefix",
            "scopes",
            "allowed_addresses",
            "state",
            "created_at",
            "expires_at",
            "last_used_at",
            "last_used_address",
            "revoked_at",
            "replaced_by",
        )
        read_only_fields: tuple[str, ...] = fields
        extra_kwargs: ClassVar = {
            "expires_at": {"help_text": "When it stops working; null: never."},
            "last_used_at": {"help_text": "To the minute; null: not yet."},
            "last_used_address": {"help_text": "Where it was used from then."},
            "revoked_at": {"help_text": "When it was made worthless."},
            "replaced_by": {"help_text": "Its successor, once it was rotated."},
        }

    @extend_schema_field(serializers.ChoiceField(choices=ApiKeyState.choices))
    def get_state(self, key: ApiKey) -> ApiKeyState:
        """Return where the key stands at this moment."""
        return key.state(now=timezone.now())


class ApiKeySecretOutput(ApiKeyOutput):
    """A key just made: the only time that it is shown."""

    key = serializers.SerializerMethodField(
        help_text="Send it as `Authorization: Bearer <key>`. It is not shown again."
    )

    class Meta(ApiKeyOutput.Meta):
        fields = ("key", *ApiKeyOutput.Meta.fields)
        read_only_fields = fields

    def get_key(self, key: ApiKey) -> str:  # noqa: ARG002 - kept nowhere, so not in it
        """Return the whole key."""
        return str(self.context["key"])

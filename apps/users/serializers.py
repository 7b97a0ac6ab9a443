"""Shapes of what people send and see."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.serializers import StrictSerializer
from apps.users.models import User


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

"""Every write about people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.core.errors import ErrorDetail
from apps.users.errors import CredentialsWrong, PasswordRejected
from apps.users.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest


# DRF's token model, without importing DRF here.
TOKEN_MODEL = "authtoken.Token"  # noqa: S105


def credentials_check(
    *, request: HttpRequest | None, username: str, password: str
) -> User:
    """Return the active user with this name and password.

    Raises:
        CredentialsWrong: There is none.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        msg = "No active user has this name and password."
        raise CredentialsWrong(msg)
    return user


def token_issue(*, user: User) -> str:
    """Return the user's token, made at the first call."""
    token, _ = apps.get_model(TOKEN_MODEL).objects.get_or_create(user=user)
    return str(token.key)


def token_revoke(*, user: User) -> None:
    """Make the user's token worthless; the next `token_issue` makes another."""
    apps.get_model(TOKEN_MODEL).objects.filter(user=user).delete()


def user_update(
    *, user: User, first_name: str | None, last_name: str | None, email: str | None
) -> User:
    """Change what a person says of themselves; None leaves a field as it is."""
    changes = {"first_name": first_name, "last_name": last_name, "email": email}
    for name, value in changes.items():
        if value is not None:
            setattr(user, name, value)
    user.full_clean()
    user.save()
    return user


@transaction.atomic
def password_change(*, user: User, current: str, new: str) -> User:
    """Replace the password, and revoke the token that the old one could get.

    Raises:
        PasswordRejected: The current one is wrong, or the new one is too weak.
    """
    if not user.check_password(current):
        msg = "The current password is not right."
        raise PasswordRejected(msg, attr="current_password")
    try:
        validate_password(new, user)
    except ValidationError as error:
        details = tuple(
            ErrorDetail(PasswordRejected.code, message, "new_password")
            for message in error.messages
        )
        raise PasswordRejected(
            details[0].message, attr="new_password", details=details
        ) from error
    user.set_password(new)
    user.save(update_fields=("password",))
    token_revoke(user=user)
    return user

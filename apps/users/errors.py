"""What can go wrong with people's credentials."""

from __future__ import annotations

from apps.core.errors import Invalid, NotFound


class CredentialsWrong(Invalid):
    """No active user has this name and password; which of both is not told."""

    code = "credentials_wrong"


class PasswordRejected(Invalid):
    """The new password is too weak, or the old one is wrong."""

    code = "password_rejected"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"

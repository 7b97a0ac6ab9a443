"""What can go wrong with people's credentials."""

from __future__ import annotations

from apps.core.errors import Conflict, Forbidden, Invalid, NotFound


class CredentialsWrong(Invalid):
    """No active user has this name and password; which of both is not told."""

    code = "credentials_wrong"


class PasswordRejected(Invalid):
    """The new password is too weak, or the old one is wrong."""

    code = "password_rejected"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


class ApiKeyNotFound(NotFound):
    """There is no such key for this user."""

    code = "api_key_not_found"


class ApiKeyInvalid(Invalid):
    """A key cannot be made like this."""

    code = "api_key_invalid"


class ApiKeyNotRotatable(Conflict):
    """Only a key that works and has no successor can be rotated."""

    code = "api_key_not_rotatable"


class ApiKeyScopeMissing(Forbidden):
    """The key that was sent lacks the scope that this needs."""

    code = "api_key_scope_missing"


class ApiKeyExceedsOwn(Forbidden):
    """A key cannot make one that may more than itself."""

    code = "api_key_exceeds_own"

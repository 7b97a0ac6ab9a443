"""Every write about people and their keys."""

from __future__ import annotations

from apps.users.services.api_key_use import api_key_verify
from apps.users.services.api_keys import (
    api_key_create,
    api_key_revoke,
    api_key_rotate,
)
from apps.users.services.people import (
    credentials_check,
    password_change,
    token_issue,
    token_revoke,
    user_update,
)

__all__ = (
    "api_key_create",
    "api_key_revoke",
    "api_key_rotate",
    "api_key_verify",
    "credentials_check",
    "password_change",
    "token_issue",
    "token_revoke",
    "user_update",
)

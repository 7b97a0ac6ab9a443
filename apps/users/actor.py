"""Who asks, as a view hands it to a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated

from apps.users.models import ApiKey, User

if TYPE_CHECKING:
    from rest_framework.request import Request


def actor_of(request: Request) -> User:
    """Return the user who asks.

    Raises:
        NotAuthenticated: Nobody is signed in; a view without a permission class that
            asks for it would otherwise hand an anonymous user to a service.
    """
    if isinstance(request.user, User):
        return request.user
    raise NotAuthenticated


def key_of(request: Request) -> ApiKey | None:
    """Return the API key by which the user asks; None: by a session or a token."""
    return request.auth if isinstance(request.auth, ApiKey) else None

"""How the API knows who asks: a browser's session, or a program's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.authentication import SessionScheme as StockSessionScheme
from rest_framework import authentication

if TYPE_CHECKING:
    from rest_framework.request import Request


class SessionAuthentication(authentication.SessionAuthentication):
    """A session whose absence answers 401, as a missing token does, and not 403."""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the scheme for `WWW-Authenticate`, which is what makes it a 401."""
        return "Session"


AUTHENTICATION = (SessionAuthentication, authentication.TokenAuthentication)


class SessionScheme(StockSessionScheme):  # type: ignore[no-untyped-call]
    """Tells the OpenAPI document that this is the cookie of a session."""

    target_class = "apps.users.authentication.SessionAuthentication"

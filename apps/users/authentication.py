"""How the API knows who asks: a program's key or token, or a browser's session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS

from apps.users.enums import ApiKeyScope
from apps.users.errors import ApiKeyScopeMissing
from apps.users.services import api_key_verify

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from apps.users.models import ApiKey, User

REFUSED = (
    "The API key is not valid: unknown, expired or revoked, or not for this address."
)


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <key>`, and what the key's scopes allow.

    Scopes are checked here and not by each view's permissions, so that no view can
    forget them: without its scope a key never becomes a signed-in user. A view for
    which writing is not enough says `needs_admin_key = True`, or for which methods it
    is not: `needs_admin_key = frozenset({"PUT"})`.
    """

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the key's owner and the key; None: no key was sent.

        Raises:
            AuthenticationFailed: The key is not valid; the log knows why.
            PermissionDenied: The key lacks the scope that the request needs.
        """
        header = str(request.META.get("HTTP_AUTHORIZATION", ""))
        scheme, _, text = header.partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        # Not X-Forwarded-For: the server has read it where it trusts who wrote it.
        address = str(request.META.get("REMOTE_ADDR", ""))
        key = api_key_verify(text=text.strip(), address=address, now=timezone.now())
        if key is None:
            raise AuthenticationFailed(REFUSED)
        needed = scope_needed(str(request.method), request.parser_context["view"])
        if needed not in key.scopes:
            msg = (
                f"This needs an API key with the scope {needed}; "
                f"this one has: {', '.join(key.scopes)}."
            )
            raise PermissionDenied(msg, code=ApiKeyScopeMissing.code)
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the scheme for `WWW-Authenticate`, which is what makes it a 401."""
        return self.keyword


# The key first: who sends one gets what it allows, also beside a session's cookie.
AUTHENTICATION = (
    ApiKeyAuthentication,
    authentication.SessionAuthentication,
    authentication.TokenAuthentication,
)


def scope_needed(method: str, view: APIView) -> ApiKeyScope:
    """Return the scope that a key needs for a method of a view."""
    needs_admin: bool | frozenset[str] = getattr(view, "needs_admin_key", False)
    if needs_admin is True or (needs_admin and method in needs_admin):
        return ApiKeyScope.ADMIN
    return ApiKeyScope.READ if method in SAFE_METHODS else ApiKeyScope.TRADE


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the OpenAPI document of keys, and which scope each operation needs."""

    target_class = "apps.users.authentication.ApiKeyAuthentication"
    name = "apiKeyAuth"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the scope that the operation needs."""
        needed = scope_needed(str(auto_schema.method), auto_schema.view)
        return {self.name: [needed.value]}

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return the scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "plx_<prefix>_<secret>",
            "description": "An API key. Each operation names the scope that it needs.",
        }

"""Who opens a WebSocket, and whether from where they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from apps.core.errors import Forbidden, Invalid
from apps.users.callers import caller_by_header, caller_by_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.core.errors import ApplicationError
    from apps.users.callers import Caller

    type Scope = Mapping[str, Any]

REFUSED = "The key or token is not valid: unknown, expired or revoked, or not for here."


class NotLetIn(Forbidden):
    """The key or token is not valid."""

    code = "authentication_failed"


class HostRefused(Invalid):
    """The host's name is not one of ours."""

    code = "host_refused"


class HttpsRequired(Forbidden):
    """Only an encrypted connection is taken."""

    code = "https_required"


def caller_find(scope: Scope) -> Caller | None:
    """Return who opens a connection; None: they have not said; asks the database.

    Raises:
        ApplicationError: They may not, or not by this.
    """
    headers = _headers(scope)
    _host_check(headers)
    _https_check(scope, headers)
    header = headers.get("authorization", "")
    if header:
        caller = caller_by_header(header, address=address_of(scope), now=timezone.now())
        if caller is None:
            raise NotLetIn(REFUSED)
        return caller
    cookies = parse_cookie(headers.get("cookie", ""))
    session_key = cookies.get(settings.SESSION_COOKIE_NAME)
    # A browser sends its cookies with a connection that any site opens.
    if session_key and origin_trusted(headers, secure=_secure(scope, headers)):
        return caller_by_session(session_key, address=address_of(scope))
    return None


def address_of(scope: Scope) -> str:
    """Return the caller's address, as the server knows it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def origin_trusted(headers: Mapping[str, str], *, secure: bool) -> bool:
    """Return whether the page that opens a connection is one of ours."""
    origin = headers.get("origin", "")
    scheme = "https" if secure else "http"
    if origin == f"{scheme}://{headers.get('host', '')}":
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    found = urlsplit(origin)
    wild = (urlsplit(one) for one in settings.CSRF_TRUSTED_ORIGINS if "*" in one)
    return any(
        found.scheme == one.scheme
        and found.netloc.endswith(one.netloc.removeprefix("*"))
        for one in wild
    )


def refusal_body(error: ApplicationError) -> dict[str, Any]:
    """Return an error as the API answers it."""
    finding = {"code": error.code, "detail": error.message, "attr": error.attr}
    return {"type": "client_error", "errors": [finding]}


def _headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in scope["headers"]
    }


def _secure(scope: Scope, headers: Mapping[str, str]) -> bool:
    if scope.get("scheme") == "wss":
        return True
    # As Django judges a request; only a proxy of ours can send it.
    return headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https"


def _host_check(headers: Mapping[str, str]) -> None:
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:
        allowed = [".localhost", "127.0.0.1", "[::1]"]
    domain, _ = split_domain_port(headers.get("host", ""))
    if not domain or not validate_host(domain, allowed):
        msg = "The Host header is not one that this service answers to."
        raise HostRefused(msg)


def _https_check(scope: Scope, headers: Mapping[str, str]) -> None:
    if settings.SECURE_SSL_REDIRECT and not _secure(scope, headers):
        msg = "Connect with wss://."
        raise HttpsRequired(msg)

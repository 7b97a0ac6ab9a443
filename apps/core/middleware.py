"""Middleware: the request's id, and one line in the log for each answer."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from django.utils.functional import LazyObject

from apps.core import context

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger("parallax.request")

HEADER = "X-Request-ID"
QUIET_PREFIXES = ("/api/health/", "/static/", "/metrics")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContextMiddleware:
    """Gives each request an id, and answers with it.

    A caller's own `X-Request-ID` is kept when it is 1-64 letters, digits, dots, dashes
    or underscores; anything else could forge lines in the log, and is replaced.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve one request."""
        given = request.headers.get(HEADER, "")
        identifier = given if _ACCEPTED.fullmatch(given) else uuid4().hex
        request_token = context.request_id.set(identifier)
        user_token = context.user_id.set(None)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response[HEADER] = identifier
            self._log(request, response, time.perf_counter() - started)
        finally:
            context.request_id.reset(request_token)
            context.user_id.reset(user_token)
        return response

    def _log(
        self, request: HttpRequest, response: HttpResponse, seconds: float
    ) -> None:
        user = _user_known(request)
        if user is not None and user.is_authenticated:
            context.user_id.set(str(user.pk))
        quiet = request.path.startswith(QUIET_PREFIXES)
        logger.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %s in %.1f ms",
            request.method,
            request.path,
            response.status_code,
            seconds * 1000,
        )


def _user_known(request: HttpRequest) -> AbstractBaseUser | AnonymousUser | None:
    """Return the user whom the request's work has looked up, if it has."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject):
        # Asking it would ask the database, which may be what this answer is about.
        return getattr(request, "_cached_user", None)
    return user

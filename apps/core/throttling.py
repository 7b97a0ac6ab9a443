"""Rate limits whose answer says what the limit was."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _SettableRateThrottle(SimpleRateThrottle):
    """Reads its rate when it is made, so that tests and reloads can change it."""

    # Set by the base class from the rate.
    num_requests: int | None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the call; where it is one too many, say in headers what is allowed."""
        allowed = bool(super().allow_request(request, view))
        if not allowed:
            # The view sends these with whatever it answers.
            view.headers |= {
                "RateLimit-Limit": str(self.num_requests),
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(math.ceil(self.wait() or 0)),
            }
        return allowed

    def get_ident(self, request: Request) -> str:
        """Return the address of the caller.

        The server has put it there, from `X-Forwarded-For` where a proxy that it trusts
        wrote that header. The header itself is not read: a caller could write another
        address into it with each try.
        """
        return str(request.META.get("REMOTE_ADDR"))

    def get_rate(self) -> str | None:
        """Return the rate of this scope, such as `100/hour`."""
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope))
        return None if rate is None else str(rate)


class AnonThrottle(_SettableRateThrottle):
    """Counts callers that are not signed in, by address."""

    scope = "anon"

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key; None: not counted here."""
        if request.user and request.user.is_authenticated:
            return None
        return _key(self, self.get_ident(request))


class UserThrottle(_SettableRateThrottle):
    """Counts callers that are signed in, by user."""

    scope = "user"

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key; None: not counted here."""
        if not request.user or not request.user.is_authenticated:
            return None
        return _key(self, request.user.pk)


class LoginThrottle(_SettableRateThrottle):
    """Counts tries to sign in, by address, whoever they claim to be."""

    scope = "login"

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key."""
        return _key(self, self.get_ident(request))


class LoginNameThrottle(_SettableRateThrottle):
    """Counts tries to sign in under one name, from wherever they come."""

    scope = "login"

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key; None: no name was given."""
        data = request.data if isinstance(request.data, dict) else {}
        name = data.get("username")
        if not isinstance(name, str):
            return None
        digest = hashlib.sha256(name.casefold().encode(errors="replace")).hexdigest()
        return _key(self, f"name-{digest}")


def _key(throttle: SimpleRateThrottle, ident: Any) -> str:
    return throttle.cache_format % {"scope": throttle.scope, "ident": ident}

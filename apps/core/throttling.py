"""Rate limits whose answer says what the limit was.

Calls are counted in windows of a fixed length, all beginning at multiples of it since
1970, by one atomic step in the cache: processes that count at the same time never let
more through than the limit. Around the end of a window twice the limit may pass.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.cache import caches
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from django.core.cache import BaseCache
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _WindowThrottle(SimpleRateThrottle):
    """Reads its rate when it is made, so that tests and reloads can change it."""

    # Set by the base class from the rate.
    num_requests: int | None
    duration: int | None

    # Where Redis is out of reach, each process counts what it sees itself: the limit is
    # then that of one process, and orders and reads go on. Where a limit is what stands
    # between a guesser and a password, the call fails instead, and is told to come back.
    counts_without_redis: ClassVar[bool] = True

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the call; where it is one too many, say in headers what is allowed."""
        key = self.get_cache_key(request, view)
        if not self.num_requests or not self.duration or key is None:
            return True
        now = self.timer()
        window = int(now // self.duration)
        self._seconds_left = (window + 1) * self.duration - now
        if self._count(f"{key}_{window}") <= self.num_requests:
            return True
        # The view sends these with whatever it answers.
        view.headers |= {
            "RateLimit-Limit": str(self.num_requests),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(math.ceil(self._seconds_left)),
        }
        return False

    def wait(self) -> float:
        """Return the seconds until the window ends."""
        return self._seconds_left

    def _count(self, key: str) -> int:
        try:
            return _incremented(self.cache, key, self.duration)
        except RedisError:
            if not self.counts_without_redis:
                raise
            return _incremented(caches["local"], key, self.duration)

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


class AnonThrottle(_WindowThrottle):
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


class UserThrottle(_WindowThrottle):
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


class OrdersThrottle(_WindowThrottle):
    """Counts what places, replaces and cancels orders, by user; reads are not counted."""

    scope = "orders"

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key; None: not counted here."""
        if request.method in SAFE_METHODS or not request.user.is_authenticated:
            return None
        return _key(self, request.user.pk)


class ReadsThrottle(UserThrottle):
    """Counts what a user reads, where writes have a limit of their own."""

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key; None: not counted here."""
        if request.method not in SAFE_METHODS:
            return None
        return super().get_cache_key(request, view)


class LoginThrottle(_WindowThrottle):
    """Counts tries to sign in, by address, whoever they claim to be."""

    scope = "login"
    counts_without_redis = False

    def get_cache_key(
        self,
        request: Request,
        view: APIView,
    ) -> str | None:
        """Return the counter's key."""
        return _key(self, self.get_ident(request))


class LoginNameThrottle(_WindowThrottle):
    """Counts tries to sign in under one name, from wherever they come."""

    scope = "login"
    counts_without_redis = False

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


def _incremented(cache: BaseCache, key: str, seconds: int | None) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        # The first call of its window; another process may be just as far.
        cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:
        # Thrown out between the two: the cache was emptied, and this call is its first.
        return 1


def _key(throttle: SimpleRateThrottle, ident: Any) -> str:
    return throttle.cache_format % {"scope": throttle.scope, "ident": ident}

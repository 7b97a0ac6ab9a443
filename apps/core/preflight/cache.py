"""Check of Redis, which holds the cache and, with Celery, the jobs under way."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from redis import Redis
from redis.exceptions import (
    AuthenticationError,
    ConnectionError as RedisConnectionError,
    NoPermissionError,
    RedisError,
    TimeoutError as RedisTimeoutError,
)

from apps.core.logs import secrets_hide
from apps.core.preflight.contracts import go, no_go, warn

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding

ANSWER_SECONDS = 2.0
PROBE_SECONDS = 10
LOOPBACK = frozenset({None, "localhost", "127.0.0.1", "::1"})


def redis_check() -> list[Finding]:
    """Ask each Redis that is configured: password, version, durability, a write."""
    found = [
        finding for name, url in _configured().items() for finding in _ask(name, url)
    ]
    if found:
        return found
    return [
        warn(
            "redis",
            "none: rate limits count in each process alone",
            "set REDIS_URL where more than one process serves",
        )
    ]


def _configured() -> dict[str, str]:
    """Return the addresses by the name of their finding, each address once."""
    urls: dict[str, str] = {}
    cache = settings.CACHES["default"]
    if cache["BACKEND"].startswith("django_redis"):
        urls["redis"] = str(cache["LOCATION"])
    if settings.JOBS_REDIS_URL and settings.JOBS_BACKEND == "celery":
        broker = settings.JOBS_REDIS_URL.get_secret_value()
        if broker not in urls.values():
            urls["redis (jobs)"] = broker
    return urls


def _ask(name: str, url: str) -> list[Finding]:
    client = Redis.from_url(
        url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
    )
    try:
        with client:
            info: dict[str, Any] = client.info()
            _write(client)
    except AuthenticationError as error:
        found = f"refuses the password: {secrets_hide(str(error))}"
        if not urlsplit(url).password:
            found = "asks for a password, and its address has none"
        return [no_go(name, found, "set REDIS_PASSWORD to the one that Redis has")]
    except NoPermissionError as error:
        action = "let this user run INFO, SET, GET and DEL"
        return [no_go(name, f"refuses: {secrets_hide(str(error))}", action)]
    except (RedisConnectionError, RedisTimeoutError) as error:
        found = f"cannot be reached: {secrets_hide(str(error))}"
        return [no_go(name, found, "start it, or correct REDIS_URL")]
    except RedisError as error:
        found = f"failed: {secrets_hide(str(error))}"
        action = "see that it is Redis, is no replica, and has memory left"
        return [no_go(name, found, action)]
    return [_judge(name, url, info)]


def _write(client: Redis) -> None:
    key, value = f"preflight:{secrets.token_hex(8)}", secrets.token_bytes(8)
    client.set(key, value, ex=PROBE_SECONDS)
    if client.get(key) != value:
        msg = "what was written could not be read back"
        raise RedisError(msg)
    client.delete(key)


def _judge(name: str, url: str, info: dict[str, Any]) -> Finding:
    policy = info.get("maxmemory_policy", "unknown")
    found = (
        f"Redis {info.get('redis_version', 'unknown')}, "
        f"appendonly {'yes' if info.get('aof_enabled') else 'no'}, "
        f"maxmemory-policy {policy}"
    )
    parts = urlsplit(url)
    actions = []
    if not info.get("aof_enabled"):
        actions.append("set appendonly yes, or a restart forgets what was under way")
    if policy != "noeviction":
        actions.append(
            "set maxmemory-policy noeviction, or jobs under way are dropped when it is full"
        )
    if not parts.password and parts.hostname not in LOOPBACK:
        actions.append("give it a password: anyone in its network can use it")
    return warn(name, found, "; ".join(actions)) if actions else go(name, found)

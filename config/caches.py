"""What is remembered, and what is told: in each process, or in Redis for all of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

# One hung call may take so long; see apps.core.redis for the calls after it.
REDIS_SECONDS = 0.5
LOCAL_ENTRIES = 20_000


def caches_in_process() -> dict[str, dict[str, Any]]:
    """Return the caches of an installation without Redis.

    `local` is where calls are counted while Redis is out of reach.
    """
    return {name: _in_process(name) for name in ("default", "local")}


def caches_redis(address: str) -> dict[str, dict[str, Any]]:
    """Return the caches that are in Redis.

    `sessions` holds the same keys as `default`, but passes over a Redis that is out of
    reach: the database knows sessions as well.

    Args:
        address: `redis://…` or `rediss://…`.
    """
    options = {
        "SOCKET_CONNECT_TIMEOUT": REDIS_SECONDS,
        "SOCKET_TIMEOUT": REDIS_SECONDS,
        "CONNECTION_POOL_CLASS": "apps.core.redis.PausingPool",
        "REDIS_CLIENT_CLASS": "apps.core.redis.PausingRedis",
    }
    redis = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": address}
    return {
        "default": redis | {"OPTIONS": options},
        "sessions": redis | {"OPTIONS": options | {"IGNORE_EXCEPTIONS": True}},
    }


def layers_in_process() -> dict[str, dict[str, Any]]:
    """Return the channel layer of an installation without Redis: for one process."""
    return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def layers_redis(address: str) -> dict[str, dict[str, Any]]:
    """Return the channel layer that is in Redis.

    Args:
        address: `redis://…` or `rediss://…`.
    """
    host = {
        "address": address,
        "socket_connect_timeout": REDIS_SECONDS,
        # A connection that died without a word is noticed.
        "health_check_interval": 10,
    }
    # Messages pass between all of a server's databases; the prefix keeps them apart.
    database = urlsplit(address).path.strip("/") or "0"
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [host], "prefix": f"parallax.{database}."},
        }
    }


def _in_process(name: str) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": name,
        # With Django's 300, a caller with many names would push counts out.
        "OPTIONS": {"MAX_ENTRIES": LOCAL_ENTRIES},
    }

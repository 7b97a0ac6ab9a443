"""Whether what the service stands on answers in time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

OK = "ok"
FAILED = "failed"
TIMED_OUT = "timed out"
CHECK_SECONDS = 3.0
PROBE_KEY = "health:probe"


async def health_check() -> dict[str, str]:
    """Ask the database and the cache, side by side, each within a few seconds.

    Returns:
        `ok`, `failed` or `timed out` for `db` and `cache`; the cause is in the log,
        not in the answer.
    """
    db, cached = await asyncio.gather(
        _outcome("database", _database_answers),
        _outcome("cache", _cache_answers),
    )
    return {"db": db, "cache": cached}


async def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        # Not thread sensitive: a hung check must not hold up other requests.
        probe = sync_to_async(check, thread_sensitive=False)()
        await asyncio.wait_for(probe, CHECK_SECONDS)
    except TimeoutError:
        logger.warning("health: the %s did not answer in time", name)
        return TIMED_OUT
    except (DatabaseError, RedisError, OSError) as error:
        logger.warning("health: the %s failed: %s", name, error)
        return FAILED
    return OK


def _database_answers() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    finally:
        # This thread is the check's own; its connection goes with it.
        connection.close()


def _cache_answers() -> None:
    cache.set(PROBE_KEY, OK, timeout=10)
    if cache.get(PROBE_KEY) != OK:
        msg = "what was written could not be read back"
        raise OSError(msg)

"""Whether what the service stands on answers in time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import DatabaseError, connection
from redis.exceptions import AuthenticationError, RedisError

from apps.core.database import SchemaOlder, schema_require

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

OK = "ok"
FAILED = "failed"
TIMED_OUT = "timed out"
REFUSED = "password refused"
OLDER = "older than this release"
CHECK_SECONDS = 3.0
PROBE_KEY = "health:probe"


async def health_check() -> dict[str, str]:
    """Ask the database and the cache, side by side, each within a few seconds.

    Returns:
        `ok`, `failed`, `timed out`, or what else is the matter, for `db` and `cache`;
        the cause is in the log, not in the answer.
    """
    db, cached = await asyncio.gather(
        _outcome("database", database_answers),
        _outcome("cache", cache_answers),
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
    except SchemaOlder as error:
        logger.warning("health: %s", error)
        return OLDER
    except AuthenticationError as error:
        logger.warning("health: the %s refuses the password: %s", name, error)
        return REFUSED
    except (DatabaseError, RedisError, OSError) as error:
        logger.warning("health: the %s failed: %s", name, error)
        return FAILED
    return OK


def database_answers() -> None:
    """Ask the database for nothing, on a connection of this thread's own.

    Raises:
        DatabaseError: It does not answer.
        SchemaOlder: It is older than this release.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        schema_require()
    finally:
        # This thread is the check's own; its connection goes with it.
        connection.close()


def cache_answers() -> None:
    """Write to the cache and read it back.

    Raises:
        RedisError: It does not answer.
        OSError: It forgot at once.
    """
    cache.set(PROBE_KEY, OK, timeout=10)
    if cache.get(PROBE_KEY) != OK:
        msg = "what was written could not be read back"
        raise OSError(msg)

"""Sessions in the database, with a copy in Redis; where that is away, the rows serve.

The copy is read and written through a cache that passes over a Redis that is out of
reach. Signing out is the exception: a copy that cannot be taken away would come back
with Redis, and the session with it.
"""

from __future__ import annotations

from django.contrib.sessions.backends import cached_db
from django.core.cache import caches


class SessionStore(cached_db.SessionStore):
    """Sessions whose end is certain."""

    cache_key_prefix = "session:"

    def flush(self) -> None:
        """End the session.

        Raises:
            RedisError: The copy is out of reach; the session goes on as it was.
        """
        if self.session_key:
            caches["default"].delete(self.cache_key)
        super().flush()

"""What an answer that takes long owes the requests beside it."""

from __future__ import annotations

from django.db import connection


def connection_release() -> None:
    """Give this request's database connection back before its long answer begins.

    Django gives it back after the last byte. Until then a reader of an hour's stream, or
    a slow download, would keep one of the few that a process has.
    """
    if not connection.in_atomic_block:
        connection.close()

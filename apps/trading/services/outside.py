"""What is done outside of any transaction: whatever waits for a venue."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime


def outside_check() -> None:
    """Make sure that no transaction is open: a venue hears only of what is committed.

    By the rule of Django's durable transactions: the one that a test case opens around
    a whole test is none.

    Raises:
        RuntimeError: One is; the caller is wrong.
    """
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        msg = "A venue is called outside of transactions: what it is told is committed."
        raise RuntimeError(msg)


class Elapsed:
    """Tells the time from a moment that was passed in, as it goes on.

    Args:
        now: The moment at which it begins, UTC.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._begun = time.monotonic()

    def now(self) -> datetime:
        """Return the moment, UTC."""
        return self._now + timedelta(seconds=time.monotonic() - self._begun)

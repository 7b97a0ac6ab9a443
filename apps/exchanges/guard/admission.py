"""Who may send after a pause: one call first, and the others when it went well.

Without this, every caller that waited for the end of a pause would send at its end, and
an exchange that wanted fewer calls would get all of them at once.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Self

from apps.exchanges.errors import ExchangeRateLimited

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from apps.exchanges.guard.policy import GuardPolicy
    from apps.exchanges.guard.shared import Shared

_JITTER = 0.01
_LOOK_SECONDS = 0.02
_HEARD_SECONDS = 30.0


class Caution:
    """Whether a pause was met since a call went well, and who finds out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cautious = False
        self._found_out_by = 0.0

    def begin(self) -> None:
        """From now on one call goes first."""
        self._cautious = True

    def enter(self) -> bool | None:
        """Admit a call: True for the first, False where all may go, None to wait."""
        with self._lock:
            if not self._cautious:
                return False
            now = time.monotonic()
            if now < self._found_out_by:
                return None
            # A first call of which nothing more is heard holds nobody up for ever.
            self._found_out_by = now + _HEARD_SECONDS
            return True

    def leave(self, *, limited: bool) -> None:
        """Learn from the first call."""
        with self._lock:
            self._found_out_by = 0.0
            self._cautious = limited


class Admission:
    """One call's way past a pause: enter, iterate for the waits, then call.

    Args:
        exchange: The id, for messages.
        shared: What processes know of pauses.
        caution: What this process knows since the last one.
        policy: How long a call waits.
        patient: Whether it waits at all; an order does not.
    """

    def __init__(
        self,
        exchange: str,
        shared: Shared,
        caution: Caution,
        policy: GuardPolicy,
        *,
        patient: bool,
    ) -> None:
        self._exchange = exchange
        self._shared = shared
        self._caution = caution
        self._policy = policy
        self._patient = patient
        self._first = False

    def __iter__(self) -> Iterator[float]:
        """Yield how long to wait, until the call may go.

        Raises:
            ExchangeRateLimited: That would be longer than a call waits.
        """
        waited = 0.0
        while True:
            wait = self._shared.paused()
            if wait <= 0:
                admitted = self._caution.enter() if self._patient else False
                if admitted is not None:
                    self._first = admitted
                    return
                wait = _LOOK_SECONDS
            waited += wait
            if not self._patient or waited > self._policy.pause_most:
                raise self._limited(wait)
            yield wait + random.uniform(0, _JITTER)  # noqa: S311 - spreads callers

    def _limited(self, wait: float) -> ExchangeRateLimited:
        message = f"{self._exchange} wants no calls for another {wait:.1f} s"
        error = ExchangeRateLimited(message)
        error.retry_after = wait
        return error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._first:
            return
        given_up = error is not None and not isinstance(error, Exception)
        limited = given_up or isinstance(error, ExchangeRateLimited)
        self._caution.leave(limited=limited)

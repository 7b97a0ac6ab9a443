"""A circuit breaker that many threads and tasks may share.

pybreaker keeps the state and counts. Its own `call` holds a lock for as long as the call
takes, which would send one call at a time, and its context manager lets every call
through while half-open; so calls run outside of it, and their outcome is told to it.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pybreaker import STATE_CLOSED, CircuitBreaker

from apps.exchanges.errors import ExchangeUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.exchanges.guard.policy import GuardPolicy

# What opens it: a bad symbol or a refused order says nothing about the exchange.
OUTAGES = (ExchangeUnavailable, OutcomeUnknown)


class Circuit:
    """Lets calls through, or turns them away while an exchange is out of reach.

    Args:
        exchange: Whose it is, for messages.
        policy: When it opens, and for how long.
    """

    def __init__(self, exchange: str, policy: GuardPolicy) -> None:
        self._exchange = exchange
        self._policy = policy
        self._lock = threading.Lock()
        self._breaker = CircuitBreaker(
            fail_max=policy.failures_to_open, throw_new_error_on_trip=False
        )
        self._open_for = policy.open_first
        self._opens_at = 0.0
        self._trial = False

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        return self._breaker.current_state

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let one call through, and learn from what becomes of it.

        Raises:
            ExchangeUnavailable: The circuit is open, or another call is finding out
                whether the exchange is back; `retry_after` says when to come again.
        """
        trial = self._enter()
        try:
            yield
        except OUTAGES as outage:
            self._failed(outage, trial=trial)
            raise
        except BaseException:
            # The exchange answered, or the call was given up: neither good nor bad.
            self._undecided(trial=trial)
            raise
        else:
            self._succeeded(trial=trial)

    def _enter(self) -> bool:
        """Admit a call; True where it is the one that finds out."""
        with self._lock:
            if self._breaker.current_state == STATE_CLOSED:
                return False
            wait = self._opens_at - time.monotonic()
            if self._trial or wait > 0:
                # While another call finds out, nobody knows how long it will take.
                raise self._turned_away(wait if wait > 0 else self._policy.wait_initial)
            self._trial = True
            self._breaker.half_open()
            return True

    def _turned_away(self, wait: float) -> ExchangeUnavailable:
        message = f"{self._exchange} is out of reach and is not asked for another {wait:.1f} s"
        error = ExchangeUnavailable(message)
        error.retry_after = wait
        return error

    def _failed(self, outage: Exception, *, trial: bool) -> None:
        with self._lock:
            if trial:
                self._trial = False
                self._open_for = min(2 * self._open_for, self._policy.open_most)
            elif self._breaker.current_state != STATE_CLOSED:
                # A call that began before it opened: nothing new.
                return
            with suppress(type(outage)):
                self._breaker.call(_raise, outage)
            if self._breaker.current_state != STATE_CLOSED:
                self._opens_at = time.monotonic() + self._open_for

    def _succeeded(self, *, trial: bool) -> None:
        with self._lock:
            if trial:
                self._trial = False
                self._open_for = self._policy.open_first
            elif self._breaker.current_state != STATE_CLOSED:
                return
            self._breaker.call(bool)

    def _undecided(self, *, trial: bool) -> None:
        if trial:
            with self._lock:
                self._trial = False


def _raise(error: Exception) -> None:
    raise error

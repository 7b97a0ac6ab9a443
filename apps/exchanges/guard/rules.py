"""What both guards decide alike: when to try again, when to wait, when to give up."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeRateLimited,
    ExchangeUnavailable,
)
from apps.exchanges.guard.admission import Admission
from apps.exchanges.guard.circuit import Circuit
from apps.exchanges.guard.near import near_of
from apps.exchanges.guard.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.exchanges.guard.policy import GuardPolicy, Rate

_TURN_JITTER = 0.01


class TurnMissed(ExchangeRateLimited):
    """Too many callers share the exchange's rate: this one did not get its turn."""


class Rules:
    """One exchange's circuit, rate and pauses in this process.

    Args:
        exchange: The id, for messages.
        policy: How often and how long it is tried.
        rate: What it states about its rate, and under which name it is shared: clients
            of one process count together, and pause together.
        redis_url: Where rate and pauses are shared.
    """

    def __init__(
        self, exchange: str, policy: GuardPolicy, rate: Rate, redis_url: str | None
    ) -> None:
        self.exchange = exchange
        self.policy = policy
        self.rate = rate
        self.circuit = Circuit(exchange, policy)
        self.shared = Shared(rate, redis_url, near_of(rate))

    def again(self, error: Exception) -> bool | float:
        """Whether to try a read again after an error, and after how many seconds.

        Returns:
            True for the usual wait, a number for one of its own, False for no more.
        """
        if isinstance(error, TurnMissed):
            return False
        if isinstance(error, ExchangeRateLimited):
            wait = self.shared.paused_here()
            if wait > self.policy.pause_most:
                return False
            return wait + self._jitter(self.policy.wait_jitter)
        if isinstance(error, ExchangeUnavailable):
            # With a time, the circuit is open: it would turn the next one away as well.
            return error.retry_after is None
        return isinstance(error, ExchangeAnswerInvalid)

    def pause_after(self, error: ExchangeRateLimited) -> None:
        """Keep every process from sending for as long as the exchange demands."""
        if isinstance(error, TurnMissed):
            return
        told = error.retry_after
        self.shared.pause(self.policy.pause_untold if told is None else told)
        self.shared.near.caution.begin()

    def admission(self, *, patient: bool) -> Admission:
        """Return a call's way past a pause.

        Args:
            patient: Whether the call waits at all; an order does not.
        """
        caution = self.shared.near.caution
        return Admission(
            self.exchange, self.shared, caution, self.policy, patient=patient
        )

    def turns(self, cost: float, most: float | None = None) -> Iterator[float]:
        """Take the turns that a request needs; yields how long to wait for the next.

        A request that costs more than the window holds takes it in parts.

        Args:
            cost: ccxt's cost of the request.
            most: The longest wait in seconds, where it is less than the policy's.

        Raises:
            ExchangeRateLimited: The turn does not come in time.
        """
        waited = 0.0
        longest = self.policy.turn_most
        longest = longest if most is None else min(longest, most)
        left = self.rate.units(cost)
        while left > 0:
            part = min(left, self.rate.window_units)
            wait = self.shared.turn(part)
            if wait <= 0:
                left -= part
                continue
            if waited + wait > longest:
                message = (
                    f"{self.exchange} allows one call every {self.rate.milliseconds} ms; "
                    f"after {waited:.1f} s there was no turn"
                )
                raise TurnMissed(message)
            wait += self._jitter(_TURN_JITTER)
            waited += wait
            yield wait

    @staticmethod
    def _jitter(most: float) -> float:
        return random.uniform(0, most)  # noqa: S311 - spreads callers, hides nothing

"""The guard of calls that may wait: for jobs and commands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import stamina

from apps.exchanges.errors import ExchangeRateLimited
from apps.exchanges.guard.policy import GuardPolicy
from apps.exchanges.guard.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.exchanges.guard.policy import Rate


class Guard:
    """Sends an exchange no more than it can take, and reads again what failed.

    Args:
        exchange: The id, for messages.
        rate: What the exchange states about its rate.
        redis_url: Where processes share rate and pauses; None for this one alone.
        policy: How often and how long it is tried.
    """

    def __init__(
        self,
        exchange: str,
        rate: Rate,
        redis_url: str | None = None,
        policy: GuardPolicy | None = None,
    ) -> None:
        self._rules = Rules(exchange, policy or GuardPolicy(), rate, redis_url)

    @property
    def circuit(self) -> str:
        """`closed`, `open` or `half-open`."""
        return self._rules.circuit.state

    def read[T](self, ask: Callable[[], T]) -> T:
        """Call what changes nothing, again after an outage or a torn answer.

        Args:
            ask: Sends the call; raises errors of `apps.exchanges.errors`.

        Raises:
            ExchangeUnavailable: All attempts failed, or the circuit is open.
            ExchangeRateLimited: The exchange wants fewer calls for longer than a call
                waits.
        """
        policy = self._rules.policy
        for attempt in stamina.retry_context(
            on=self._rules.again,
            attempts=policy.attempts,
            timeout=policy.total,
            wait_initial=policy.wait_initial,
            wait_max=policy.wait_most,
            wait_jitter=policy.wait_jitter,
        ):
            with attempt:
                return self._once(ask, patient=True)
        raise AssertionError

    def once[T](self, ask: Callable[[], T]) -> T:
        """Call once, whatever comes of it: an order, or a question after the state.

        Args:
            ask: Sends the call; raises errors of `apps.exchanges.errors`.

        Raises:
            ExchangeUnavailable: The circuit is open: nothing was sent.
            ExchangeRateLimited: The exchange wants no calls now: nothing was sent.
        """
        return self._once(ask, patient=False)

    def pace(self, cost: float, most: float | None = None) -> None:
        """Wait until a request of this cost may go, by the exchange's stated rate.

        Args:
            cost: ccxt's cost of the request.
            most: The longest wait in seconds; as the policy says where None.

        Raises:
            ExchangeRateLimited: Its turn does not come in time.
        """
        for wait in self._rules.turns(cost, most):
            time.sleep(wait)

    def close(self) -> None:
        """Let go of the connections to Redis."""
        self._rules.shared.close()

    def _once[T](self, ask: Callable[[], T], *, patient: bool) -> T:
        admission = self._rules.admission(patient=patient)
        with admission:
            for wait in admission:
                time.sleep(wait)
            with self._rules.circuit.passing():
                try:
                    return ask()
                except ExchangeRateLimited as error:
                    self._rules.pause_after(error)
                    raise

"""The guard of calls within an event loop: for streams."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import stamina

from apps.exchanges.errors import ExchangeRateLimited
from apps.exchanges.guard.policy import GuardPolicy
from apps.exchanges.guard.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from apps.exchanges.guard.policy import Rate


class AsyncGuard:
    """What `Guard` is to jobs, for one event loop; waiting holds nothing up.

    What is shared is in Redis, asked in a thread: a Redis that hangs does not hang the
    loop.

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

    async def read[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        """Call what changes nothing, again after an outage or a torn answer.

        Args:
            ask: Sends the call; raises errors of `apps.exchanges.errors`.

        Raises:
            ExchangeUnavailable: All attempts failed, or the circuit is open.
            ExchangeRateLimited: The exchange wants fewer calls for longer than a call
                waits.
        """
        policy = self._rules.policy
        async for attempt in stamina.retry_context(
            on=self._rules.again,
            attempts=policy.attempts,
            timeout=policy.total,
            wait_initial=policy.wait_initial,
            wait_max=policy.wait_most,
            wait_jitter=policy.wait_jitter,
        ):
            with attempt:
                return await self._once(ask, patient=True)
        raise AssertionError

    async def once[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        """Call once, whatever comes of it.

        Args:
            ask: Sends the call; raises errors of `apps.exchanges.errors`.

        Raises:
            ExchangeUnavailable: The circuit is open: nothing was sent.
            ExchangeRateLimited: The exchange wants no calls now: nothing was sent.
        """
        return await self._once(ask, patient=False)

    async def admitted[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        """Send one request of a stream, which the circuit is not told of.

        It does not wait for the end of a pause: hundreds would, and then send at once.

        Args:
            ask: Sends it.

        Raises:
            ExchangeRateLimited: The exchange wants no calls now.
        """
        admission = self._rules.admission(patient=False)
        with admission:
            await _waited(iter(admission))
            try:
                return await ask()
            except ExchangeRateLimited as error:
                await asyncio.to_thread(self._rules.pause_after, error)
                raise

    async def pace(self, cost: float) -> None:
        """Wait until a request of this cost may go, by the exchange's stated rate.

        Raises:
            ExchangeRateLimited: Its turn does not come in time.
        """
        await _waited(self._rules.turns(cost))

    def close(self) -> None:
        """Let go of the connections to Redis."""
        self._rules.shared.close()

    async def _once[T](self, ask: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        admission = self._rules.admission(patient=patient)
        with admission:
            await _waited(iter(admission))
            with self._rules.circuit.passing():
                try:
                    return await ask()
                except ExchangeRateLimited as error:
                    await asyncio.to_thread(self._rules.pause_after, error)
                    raise


async def _waited(waits: Iterator[float]) -> None:
    """Wait for as long and as often as it takes; asking may block for a moment."""
    while (wait := await asyncio.to_thread(next, waits, None)) is not None:
        await asyncio.sleep(wait)

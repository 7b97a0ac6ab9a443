"""Requests at a steady rate through the edge, and what became of each."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from types import TracebackType

TIMEOUT_SECONDS = 30.0
# How the most that a stack can answer is found: so many ask without a pause, for so long.
CALLERS, CAPACITY_SECONDS = 8, 6.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One request.

    Attributes:
        at: When it was sent, monotonic seconds.
        seconds: How long it took.
        outcome: Its status, or the name of what happened instead.
    """

    at: float
    seconds: float
    outcome: str

    @property
    def failed(self) -> bool:
        """Whether it was not served."""
        return not self.outcome.startswith("2")


@dataclass
class Load:
    """Sends requests from a thread of its own while it is entered.

    Attributes:
        base: The service's address.
        headers: Sent with each request.
        rate: Requests a second.
        samples: One for each request that has ended.
    """

    base: str
    headers: dict[str, str]
    rate: float = 50.0
    samples: list[Sample] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def failures(self) -> list[Sample]:
        """Return those that were not served."""
        return [sample for sample in self.samples if sample.failed]

    def percentile(self, fraction: float) -> float:
        """Return the seconds within which that fraction of all was answered."""
        seconds = sorted(sample.seconds for sample in self.samples)
        return seconds[min(int(len(seconds) * fraction), len(seconds) - 1)]

    def capacity(self) -> float:
        """Return how many requests a second the stack answers at most."""
        begun = time.monotonic()
        answered = asyncio.run(self._hasten(begun + CAPACITY_SECONDS))
        return answered / (time.monotonic() - begun)

    async def _hasten(self, until: float) -> int:
        async def caller(client: httpx.AsyncClient) -> int:
            count = 0
            while time.monotonic() < until:
                await self._one(client, count)
                count += 1
            return count

        async with self._client() as client:
            return sum(await asyncio.gather(*(caller(client) for _ in range(CALLERS))))

    def _client(self) -> httpx.AsyncClient:
        # A connection for each: as many callers as requests, not one that is warm.
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(
            base_url=self.base,
            headers=self.headers,
            verify=False,  # noqa: S501 - the certificate is self-signed
            timeout=TIMEOUT_SECONDS,
            limits=limits,
        )

    async def _send(self) -> None:
        async with self._client() as client:
            running: set[asyncio.Task[None]] = set()
            due, count = time.monotonic(), 0
            while not self._stop.is_set():
                task = asyncio.create_task(self._one(client, count))
                running.add(task)
                task.add_done_callback(running.discard)
                count += 1
                due += 1 / self.rate
                await asyncio.sleep(max(due - time.monotonic(), 0))
            await asyncio.gather(*running)

    async def _one(self, client: httpx.AsyncClient, count: int) -> None:
        started = time.monotonic()
        try:
            if count % 5 == 0:
                # A write: nginx must not send it twice, nor lose it.
                answer = await client.post(
                    "/api/v1/strategies/validate/", json={"definition": {}}
                )
                outcome = (
                    "200" if answer.status_code == 400 else str(answer.status_code)
                )
            else:
                answer = await client.get("/api/v1/strategies/")
                outcome = str(answer.status_code)
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        self.samples.append(Sample(started, time.monotonic() - started, outcome))

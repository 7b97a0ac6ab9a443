"""The clients of one process count and pause together, without Redis."""

from __future__ import annotations

import asyncio

import pytest

from apps.exchanges.errors import ExchangeRateLimited
from apps.exchanges.guard import AsyncGuard, Guard, GuardPolicy, Rate

POLICY = GuardPolicy(turn_most=0.01, pause_most=0.05)


def limited() -> str:
    error = ExchangeRateLimited("418")
    error.retry_after = 60.0
    raise error


def test_two_clients_of_one_name_have_one_rate() -> None:
    one = Guard("x", Rate("one-rate", 1000.0), policy=POLICY)
    two = AsyncGuard("x", Rate("one-rate", 1000.0), policy=POLICY)
    other = Guard("y", Rate("another-rate", 1000.0), policy=POLICY)
    one.pace(1.0)
    with pytest.raises(ExchangeRateLimited, match="no turn"):
        asyncio.run(two.pace(1.0))
    other.pace(1.0)
    for each in (one, two, other):
        each.close()


def test_a_pause_that_a_stream_was_told_holds_for_calls_and_the_other_way() -> None:
    async def stream() -> str:
        return limited()

    sent = []

    async def once_more() -> None:
        sent.append(1)

    for first in ("stream", "call"):
        rate = Rate(f"paused-by-{first}", 1.0)
        calls = Guard("x", rate, policy=POLICY)
        streams = AsyncGuard("x", rate, policy=POLICY)
        with pytest.raises(ExchangeRateLimited, match="418"):
            if first == "stream":
                asyncio.run(streams.admitted(stream))
            else:
                calls.once(limited)
        with pytest.raises(ExchangeRateLimited, match="no calls") as met:
            asyncio.run(streams.admitted(once_more))
        assert met.value.retry_after == pytest.approx(60, abs=1)
        with pytest.raises(ExchangeRateLimited, match="no calls"):
            calls.once(lambda: sent.append(1))
        calls.close()
        streams.close()
    assert sent == []

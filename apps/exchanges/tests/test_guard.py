"""Reads are tried again within limits, writes never, and no storm comes of an outage."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.errors import (
    ExchangeAnswerInvalid,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    OutcomeUnknown,
    SymbolUnknown,
)
from apps.exchanges.guard import AsyncGuard, Guard, GuardPolicy, Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLICY = GuardPolicy(
    attempts=3,
    total=5,
    wait_initial=0.01,
    wait_most=0.05,
    wait_jitter=0.01,
    failures_to_open=50,
    open_first=0.3,
    pause_untold=0.05,
    pause_most=0.5,
    turn_most=0.5,
)
FAST = Rate("fast", 0.01)


class Asked:
    """Fails as told, then answers; counts."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.at: list[float] = []

    def __call__(self) -> str:
        self.at.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    async def wait(self) -> str:
        return self()


def limited(seconds: float | None) -> ExchangeRateLimited:
    error = ExchangeRateLimited("fewer")
    error.retry_after = seconds
    return error


type Call = Callable[[Guard | AsyncGuard, Asked, str], object]


def sync_call(guard: Guard | AsyncGuard, asked: Asked, how: str) -> object:
    return getattr(guard, how)(asked)


def async_call(guard: Guard | AsyncGuard, asked: Asked, how: str) -> object:
    return asyncio.run(getattr(guard, how)(asked.wait))


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Guard | AsyncGuard, Call]]:
    made: Guard | AsyncGuard
    if request.param == "sync":
        made, call = Guard("x", FAST, policy=POLICY), sync_call
    else:
        made, call = AsyncGuard("x", FAST, policy=POLICY), async_call
    yield made, call
    made.close()


type Both = tuple[Guard | AsyncGuard, Call]


@pytest.mark.parametrize(
    "error", [ExchangeUnavailable, ExchangeAnswerInvalid], ids=lambda e: e.__name__
)
def test_a_read_is_tried_again_after_an_outage_or_a_torn_answer(
    both: Both, error: type[Exception]
) -> None:
    guard, call = both
    asked = Asked(error("1"), error("2"))
    assert call(guard, asked, "read") == "answer"
    assert len(asked.at) == 3
    assert asked.at[1] - asked.at[0] >= POLICY.wait_initial


def test_a_read_gives_up_after_its_attempts(both: Both) -> None:
    guard, call = both
    asked = Asked(*[ExchangeUnavailable(str(n)) for n in range(9)])
    with pytest.raises(ExchangeUnavailable, match="2"):
        call(guard, asked, "read")
    assert len(asked.at) == POLICY.attempts


@pytest.mark.parametrize(
    "error",
    [SymbolUnknown, ExchangeRejected, OutcomeUnknown, KeyError],
    ids=lambda e: e.__name__,
)
def test_what_another_attempt_cannot_help_is_told_at_once(
    both: Both, error: type[Exception]
) -> None:
    guard, call = both
    asked = Asked(error("no"))
    with pytest.raises(error):
        call(guard, asked, "read")
    assert len(asked.at) == 1


@pytest.mark.parametrize(
    "error",
    [ExchangeUnavailable("1"), ExchangeAnswerInvalid("1"), OutcomeUnknown("1")],
    ids=lambda e: type(e).__name__,
)
def test_a_write_is_sent_once_whatever_comes_of_it(
    both: Both, error: Exception
) -> None:
    guard, call = both
    asked = Asked(error)
    with pytest.raises(type(error)):
        call(guard, asked, "once")
    assert len(asked.at) == 1


def test_a_read_waits_for_as_long_as_the_exchange_demands(both: Both) -> None:
    guard, call = both
    asked = Asked(limited(0.3))
    assert call(guard, asked, "read") == "answer"
    assert 0.3 <= asked.at[1] - asked.at[0] < 0.5


def test_a_longer_pause_is_told_and_keeps_everyone_from_calling(both: Both) -> None:
    guard, call = both
    asked = Asked(limited(60))
    with pytest.raises(ExchangeRateLimited):
        call(guard, asked, "read")
    for how in ("read", "once"):
        with pytest.raises(ExchangeRateLimited) as caught:
            call(guard, asked, how)
        assert caught.value.retry_after == pytest.approx(60, abs=1)
    assert len(asked.at) == 1
    assert guard.circuit == "closed"


def test_an_order_does_not_wait_for_a_pause_to_end(both: Both) -> None:
    guard, call = both
    with pytest.raises(ExchangeRateLimited):
        call(guard, Asked(limited(0.2)), "once")
    asked = Asked()
    with pytest.raises(ExchangeRateLimited, match="wants no calls"):
        call(guard, asked, "once")
    assert asked.at == []
    time.sleep(0.25)
    assert call(guard, asked, "once") == "answer"


def test_after_a_pause_one_call_goes_first() -> None:
    guard = Guard("x", FAST, policy=POLICY)
    sent: list[float] = []
    still_limited = [limited(0.1) for _ in range(3)]

    def ask() -> str:
        sent.append(time.monotonic())
        time.sleep(0.02)
        if still_limited:
            raise still_limited.pop()
        return "answer"

    with pytest.raises(ExchangeRateLimited):
        guard.once(ask)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: guard.read(ask), range(20)))
    assert answers == ["answer"] * 20
    # One meets the next pause and the one after; the rest go when one was answered.
    gaps = [after - before for before, after in pairwise(sent[:4])]
    assert all(gap >= 0.1 for gap in gaps)
    assert len(sent) == 1 + 2 + 20


def test_a_first_call_that_is_given_up_lets_the_next_one_find_out() -> None:
    guard = Guard("x", FAST, policy=POLICY)
    with pytest.raises(ExchangeRateLimited):
        guard.once(Asked(limited(0.01)))
    time.sleep(0.02)
    with pytest.raises(KeyboardInterrupt):
        guard.read(Asked(KeyboardInterrupt()))
    assert guard.read(Asked()) == "answer"


def test_the_rate_is_kept_over_many_threads() -> None:
    guard = Guard("x", Rate("slow", 100.0), policy=GuardPolicy(turn_most=5))
    begun = time.monotonic()
    with ThreadPoolExecutor(15) as pool:
        list(pool.map(lambda _: guard.pace(1.0), range(15)))
    assert 1.0 <= time.monotonic() - begun < 4


def test_a_call_that_costs_more_than_the_window_takes_its_turn_in_parts() -> None:
    guard = Guard("x", Rate("costly", 1000.0), policy=POLICY)
    begun = time.monotonic()
    with pytest.raises(ExchangeRateLimited, match="no turn"):
        guard.pace(2.0)
    assert time.monotonic() - begun < 0.95
    patient = Guard("x", Rate("patient", 1000.0), policy=GuardPolicy(turn_most=5))
    begun = time.monotonic()
    patient.pace(2.0)
    assert 1.0 <= time.monotonic() - begun < 4


def test_a_missed_turn_is_no_demand_of_the_exchange() -> None:
    guard = Guard("x", Rate("missed", 1000.0), policy=POLICY)
    guard.pace(1.0)
    with pytest.raises(ExchangeRateLimited, match="no turn"):
        guard.read(lambda: guard.pace(1.0))
    assert guard.once(lambda: "sent") == "sent"


def test_the_rate_is_kept_in_a_loop_that_goes_on_meanwhile() -> None:
    guard = AsyncGuard("x", Rate("loop", 100.0), policy=GuardPolicy(turn_most=5))

    async def run() -> tuple[float, int]:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0.01)
                beats += 1

        beating = asyncio.create_task(beat())
        begun = time.monotonic()
        await asyncio.gather(*[guard.pace(1.0) for _ in range(15)])
        beating.cancel()
        return time.monotonic() - begun, beats

    took, beats = asyncio.run(run())
    assert 1.0 <= took < 4
    assert beats > 50


def test_an_outage_brings_no_storm() -> None:
    policy = GuardPolicy(
        wait_initial=0.01, wait_jitter=0.01, open_first=0.5, open_most=1.0
    )
    guard = Guard("x", FAST, policy=policy)
    sent: list[float] = []
    end = time.monotonic() + 3.0
    lock = threading.Lock()

    def down() -> None:
        with lock:
            sent.append(time.monotonic())
        raise ExchangeUnavailable("down")

    def caller() -> int:
        asked = 0
        while time.monotonic() < end:
            asked += 1
            with pytest.raises(ExchangeUnavailable):
                guard.read(down)
        return asked

    with ThreadPoolExecutor(20) as pool:
        asked = sum(pool.map(lambda _: caller(), range(20)))
    # 20 callers fill the circuit's first moment; then one trial at a time, at 0.5 s,
    # 1.5 s and 2.5 s after it opened.
    assert len(sent) <= 20 + 5 + 4
    assert asked > 1000

"""The circuit opens for outages alone, and one call finds out whether they are over."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.exchanges.errors import (
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    ExchangeUnsupported,
    OutcomeUnknown,
    SymbolUnknown,
)
from apps.exchanges.guard.circuit import Circuit
from apps.exchanges.guard.policy import GuardPolicy

POLICY = GuardPolicy(failures_to_open=3, open_first=0.2, open_most=0.5)


def fail(circuit: Circuit, error: type[BaseException] = ExchangeUnavailable) -> None:
    with pytest.raises(error), circuit.passing():
        raise error("no")


def opened() -> Circuit:
    circuit = Circuit("x", POLICY)
    for _ in range(POLICY.failures_to_open):
        fail(circuit)
    assert circuit.state == "open"
    return circuit


def turned_away(circuit: Circuit) -> ExchangeUnavailable:
    with pytest.raises(ExchangeUnavailable) as caught, circuit.passing():
        pytest.fail("let through")
    return caught.value


def test_it_opens_after_outages_in_a_row_and_says_when_to_come_again() -> None:
    error = turned_away(opened())
    assert error.retry_after is not None
    assert 0 < error.retry_after <= POLICY.open_first
    assert "is not asked for another" in error.message


def test_an_answer_in_between_begins_the_count_anew() -> None:
    circuit = Circuit("x", POLICY)
    for _ in range(5):
        fail(circuit)
        fail(circuit)
        with circuit.passing():
            pass
    assert circuit.state == "closed"


@pytest.mark.parametrize(
    "error",
    [
        SymbolUnknown,
        ExchangeRejected,
        ExchangeUnsupported,
        ExchangeMisconfigured,
        ExchangeRateLimited,
        KeyError,
        KeyboardInterrupt,
    ],
    ids=lambda error: error.__name__,
)
def test_what_says_nothing_about_the_exchange_does_not_open_it(
    error: type[BaseException],
) -> None:
    circuit = Circuit("x", POLICY)
    for _ in range(20):
        fail(circuit, error)
    assert circuit.state == "closed"


def test_orders_with_unknown_outcomes_open_it() -> None:
    circuit = Circuit("x", POLICY)
    for _ in range(3):
        fail(circuit, OutcomeUnknown)
    assert circuit.state == "open"


def test_of_many_threads_one_finds_out_and_the_others_are_turned_away_at_once() -> None:
    circuit = opened()
    time.sleep(POLICY.open_first + 0.01)
    inside, done = threading.Event(), threading.Event()

    def trial() -> str:
        with circuit.passing():
            inside.set()
            assert done.wait(10)
        return "through"

    def other() -> str:
        begun = time.monotonic()
        turned_away(circuit)
        assert time.monotonic() - begun < 5
        return "away"

    with ThreadPoolExecutor(33) as pool:
        first = pool.submit(trial)
        assert inside.wait(10)
        assert circuit.state == "half-open"
        others = [pool.submit(other) for _ in range(32)]
        assert [each.result() for each in others] == ["away"] * 32
        done.set()
        assert first.result() == "through"
    assert circuit.state == "closed"


def test_many_threads_that_come_at_once_send_one_call_through() -> None:
    circuit = opened()
    time.sleep(POLICY.open_first + 0.01)
    gate = threading.Barrier(32)
    passed: list[int] = []

    def come(number: int) -> None:
        gate.wait(10)
        try:
            with circuit.passing():
                passed.append(number)
                time.sleep(0.1)
                raise ExchangeUnavailable("still down")
        except ExchangeUnavailable:
            pass

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(come, range(32)))
    assert len(passed) == 1
    assert circuit.state == "open"


def test_each_trial_that_fails_makes_it_wait_longer_up_to_a_limit() -> None:
    circuit = opened()
    waits = []
    for _ in range(3):
        wait = turned_away(circuit).retry_after
        assert wait is not None
        waits.append(wait)
        time.sleep(wait + 0.01)
        fail(circuit)
    assert waits == pytest.approx([0.2, 0.4, 0.5], abs=0.05)


def test_a_trial_that_is_given_up_leaves_the_next_one_to_find_out() -> None:
    circuit = opened()
    time.sleep(POLICY.open_first + 0.01)
    fail(circuit, KeyboardInterrupt)
    fail(circuit, SymbolUnknown)
    assert circuit.state == "half-open"
    with circuit.passing():
        pass
    assert circuit.state == "closed"


def test_calls_run_beside_each_other() -> None:
    circuit = Circuit("x", POLICY)
    both = threading.Barrier(2)

    def call() -> None:
        with circuit.passing():
            both.wait(10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: call(), range(2)))


def test_calls_that_began_before_it_opened_change_nothing_when_they_end() -> None:
    circuit = Circuit("x", POLICY)
    late = circuit.passing()
    late.__enter__()
    for _ in range(3):
        fail(circuit)
    late.__exit__(None, None, None)
    assert circuit.state == "open"

"""Processes keep one rate and one pause together, and a Redis that hangs holds nobody up."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.guard import Guard, GuardPolicy, Rate
from apps.exchanges.guard.shared import Shared
from tests.edge.servers import ROOT, redis_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.edge.servers import RedisServer


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_run(tmp_path, "") as running:
        yield running


PROGRAM = """
import sys, time
from apps.exchanges.guard import Guard, GuardPolicy, Rate
guard = Guard("x", Rate("shared", 50.0), sys.argv[1] or None, GuardPolicy())
print("ready", flush=True)
sys.stdin.readline()
end, sent = time.time() + 2.0, []
while time.time() < end:
    guard.pace(1.0)
    sent.append(time.time())
print(*sent)
"""


def run_together(address: str, count: int) -> list[float]:
    """Return when each call of several processes was sent."""
    programs = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM, address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    sent = []
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    for program in programs:
        told, _ = program.communicate(timeout=30)
        assert program.returncode == 0
        sent += [float(each) for each in told.split()]
    return sorted(sent)


def busiest(sent: list[float], seconds: float = 1.0) -> int:
    """Return the most calls within any such time."""
    return max(
        sum(1 for each in sent[place:] if each < first + seconds)
        for place, first in enumerate(sent)
    )


def test_processes_keep_the_rate_of_an_exchange_together(redis: RedisServer) -> None:
    sent = run_together(redis.url, 3)
    # 20 calls a second are stated. What is told is when each turn came to its caller,
    # which on a busy machine is somewhat after it was taken.
    assert busiest(sent, 0.75) <= 20
    assert 40 <= len(sent) <= 60


def test_without_redis_each_process_keeps_it_by_itself() -> None:
    sent = run_together("", 2)
    assert 80 <= len(sent) <= 2 * 63
    assert busiest(sent, 0.95) > 20


def test_a_pause_of_one_process_holds_for_all(redis: RedisServer) -> None:
    one = Shared(Rate("paused", 50.0), redis.url)
    other = Shared(Rate("paused", 50.0), redis.url)
    elsewhere = Shared(Rate("another", 50.0), redis.url)
    one.pause(30)
    one.pause(5)
    assert other.paused() == pytest.approx(30, abs=1)
    assert elsewhere.paused() == 0
    for each in (one, other, elsewhere):
        each.close()


def test_a_pause_ends(redis: RedisServer) -> None:
    one = Shared(Rate("ends", 50.0), redis.url)
    other = Shared(Rate("ends", 50.0), redis.url)
    one.pause(0.2)
    assert other.paused() > 0
    time.sleep(0.25)
    assert (one.paused(), other.paused()) == (0, 0)
    for each in (one, other):
        each.close()


def test_a_redis_that_hangs_is_waited_for_once(redis: RedisServer) -> None:
    guard = Guard("x", Rate("hangs", 5.0), redis.url, GuardPolicy())
    assert guard.read(lambda: "answer") == "answer"
    guard.pace(1.0)
    redis.pause()
    begun = time.monotonic()
    for _ in range(50):
        guard.pace(1.0)
        assert guard.read(lambda: "answer") == "answer"
    assert time.monotonic() - begun < 5
    redis.resume()
    guard.close()


def test_the_rate_is_kept_per_process_while_redis_is_away(redis: RedisServer) -> None:
    guard = Guard("x", Rate("away", 100.0), redis.url, GuardPolicy())
    redis.kill()
    begun = time.monotonic()
    for _ in range(15):
        guard.pace(1.0)
    assert 1.0 <= time.monotonic() - begun < 5
    guard.close()


def test_a_redis_that_is_back_is_asked_again(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.exchanges.guard.shared.REDIS_REST_SECONDS", 0.1)
    shared = Shared(Rate("back", 50.0), redis.url)
    redis.kill()
    assert shared.turn(50) == 0.0
    assert shared.turn(950) == 0.0
    assert shared.turn(50) > 0
    redis.start()
    time.sleep(0.15)
    # What was counted here meanwhile is not known there.
    assert shared.turn(1000) == 0.0
    assert shared.turn(50) > 0
    shared.close()

"""freqtrade as the service runs it: made ready by a host, used by the host's forks."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from apps.engines.adapters.reference.adapter import ReferenceEngine
from apps.engines.contracts import Protection
from apps.engines.errors import EngineCrashed, EngineOutOfMemory, EngineTimedOut
from apps.engines.registry import engine_get, unavailable_reason
from apps.engines.runner.client import engine_run
from apps.engines.runner.pool import EnginePool
from apps.engines.sample import sample_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.engines.contracts import RunRequest, RunResult

pytestmark = pytest.mark.skipif(
    unavailable_reason(engine_get("freqtrade")) is not None,
    reason="freqtrade is not installed",
)

ROOT = Path(__file__).parents[3]
MIB = 1 << 20


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnginePool]:
    """A pool that must leave neither a process nor a file."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"],
    }
    before = set(psutil.Process().children(recursive=True))
    with EnginePool(idle_seconds=60, environment=environment, root=ROOT) as found:
        yield found
        directory = found._directory
        started = set(psutil.Process().children(recursive=True)) - before
        settle(found)
    _, alive = psutil.wait_procs(started, timeout=5)
    assert alive == []
    assert not directory.exists()


def run(
    pool: EnginePool, request: RunRequest, *, wall: float = 90, mib: int = 8_192
) -> RunResult:
    return engine_run(
        locate=lambda: pool.ensure("freqtrade"),
        request=request,
        wall_seconds=wall,
        memory_bytes=mib * MIB,
    )


def waiting(pool: EnginePool) -> set[Path]:
    """Return the directories of programs, those that run and those that wait."""
    return set(pool._directory.glob("parallax-*-freqtrade-*"))


def programs(pool: EnginePool) -> list[psutil.Process]:
    return pool_host(pool).children(recursive=True)


def pool_host(pool: EnginePool) -> psutil.Process:
    return psutil.Process(pool._hosts["freqtrade"].pid)


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    assert holds()


def settle(pool: EnginePool) -> tuple[psutil.Process, Path]:
    """Wait until one program waits for its work and nothing else is there."""

    def settled() -> bool:
        (*others, one) = waiting(pool) or {Path("/nowhere")}
        used = any(one.glob("results/*.zip"))
        return not others and not used and len(programs(pool)) == 1

    until(settled)
    return programs(pool)[0], waiting(pool).pop()


def assert_well(request: RunRequest, result: RunResult) -> None:
    expected = ReferenceEngine().run(request)
    np.testing.assert_array_equal(result.trades.exit_bar, expected.trades.exit_bar)
    np.testing.assert_allclose(result.equity, expected.equity, atol=1e-6)


def test_each_run_uses_the_program_that_was_made_ready_and_readies_the_next(
    pool: EnginePool,
) -> None:
    request = sample_request(protection=Protection(0.02, 0.05))
    assert_well(request, run(pool, request))
    _, first = settle(pool)
    assert_well(request, run(pool, request))
    _, second = settle(pool)
    assert first != second
    assert not first.exists()


def test_a_run_past_its_limit_ends_with_its_program(pool: EnginePool) -> None:
    run(pool, sample_request())
    program, directory = settle(pool)
    with pytest.raises(EngineTimedOut, match=r"limit 0\.2 s"):
        run(pool, sample_request(bars=20_000), wall=0.2)
    psutil.wait_procs([program], timeout=5)
    assert not program.is_running()
    until(lambda: not directory.exists())
    assert_well(sample_request(), run(pool, sample_request()))


def test_a_run_that_wants_more_memory_than_it_may_have_is_told_so(
    pool: EnginePool,
) -> None:
    with pytest.raises(EngineOutOfMemory):
        run(pool, sample_request(bars=100_000), mib=600)
    assert_well(sample_request(), run(pool, sample_request()))


def test_a_program_killed_in_its_run_is_told_and_the_next_run_is_well(
    pool: EnginePool,
) -> None:
    run(pool, sample_request())
    program, _ = settle(pool)
    failures: list[Exception] = []

    def one() -> None:
        try:
            run(pool, sample_request(bars=50_000))
        except EngineCrashed as error:
            failures.append(error)

    thread = threading.Thread(target=one)
    thread.start()
    until(lambda: len(programs(pool)) == 2)
    program.send_signal(signal.SIGKILL)
    thread.join()
    assert "killed by SIGKILL" in str(failures[0])
    assert_well(sample_request(), run(pool, sample_request()))


def test_two_runs_at_once_do_not_disturb_each_other(pool: EnginePool) -> None:
    requests = [sample_request(bars=size) for size in (300, 500)]
    results: dict[int, RunResult] = {}

    def one(number: int) -> None:
        results[number] = run(pool, requests[number])

    threads = [threading.Thread(target=one, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, request in enumerate(requests):
        assert_well(request, results[number])
    settle(pool)


def test_what_waits_ends_with_a_host_that_is_killed(pool: EnginePool) -> None:
    run(pool, sample_request())
    program, left = settle(pool)
    pool_host(pool).send_signal(signal.SIGKILL)
    until(lambda: not program.is_running())
    assert left.exists()
    assert_well(sample_request(), run(pool, sample_request()))
    assert not left.exists()

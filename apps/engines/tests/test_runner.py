"""A warm engine in a process of its own, and what happens when that goes wrong."""

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

from apps.core.errors import ApplicationError
from apps.engines import registry
from apps.engines.contracts import RunResult, Skipped, Trades
from apps.engines.errors import (
    EngineCrashed,
    EngineOutOfMemory,
    EngineResultInvalid,
    EngineTimedOut,
    EngineUnavailable,
    EngineUnknown,
)
from apps.engines.registry import engine_get, engine_load
from apps.engines.runner import client
from apps.engines.runner.client import engine_run
from apps.engines.runner.pool import EnginePool
from apps.engines.sample import sample_request
from apps.engines.tests import saboteur
from apps.engines.tests.saboteur import ROOT, SABOTEUR, saboteur_environment
from apps.engines.verify import result_verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apps.engines.contracts import RunRequest

GIB = 1 << 30


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return saboteur_environment(tmp_path_factory.mktemp("saboteur"))


@pytest.fixture(scope="module")
def pool(environment: Mapping[str, str]) -> Iterator[EnginePool]:
    known = registry.ENGINES
    registry.ENGINES = (*known, SABOTEUR)
    with EnginePool(idle_seconds=60, environment=environment, root=ROOT) as found:
        yield found
    registry.ENGINES = known


def sabotage(capital: float) -> RunRequest:
    request = sample_request()
    object.__setattr__(request, "capital", float(capital))
    return request


def run(
    pool: EnginePool, name: str, request: RunRequest, wall: float = 20
) -> RunResult:
    return engine_run(
        locate=lambda: pool.ensure(name),
        request=request,
        wall_seconds=wall,
        memory_bytes=8 * GIB,
    )


def test_a_run_in_another_process_gives_what_it_gives_here(pool: EnginePool) -> None:
    request = sample_request()
    here, there = engine_load("reference").run(request), run(pool, "reference", request)
    np.testing.assert_array_equal(here.equity, there.equity)
    np.testing.assert_array_equal(here.trades.profit, there.trades.profit)


@pytest.mark.parametrize(
    ("capital", "told"),
    [
        pytest.param(saboteur.ABORT, "SIGABRT", id="an abort"),
        pytest.param(saboteur.WILD_READ, "SIGSEGV", id="a wild read"),
        pytest.param(saboteur.KILLED, "SIGKILL", id="the kernel, for want of memory"),
    ],
)
def test_a_process_that_dies_is_told_by_its_signal_and_the_next_run_is_well(
    pool: EnginePool, capital: float, told: str
) -> None:
    with pytest.raises(EngineCrashed, match=f"was killed by {told}"):
        run(pool, "saboteur", sabotage(capital))
    assert len(run(pool, "saboteur", sabotage(10_000)).trades) == 4


@pytest.mark.parametrize(
    "capital",
    [
        pytest.param(saboteur.HANG, id="asleep"),
        pytest.param(saboteur.BUSY, id="in native code"),
    ],
)
def test_a_hang_is_ended_at_its_limit(pool: EnginePool, capital: float) -> None:
    started = time.monotonic()
    with pytest.raises(EngineTimedOut, match=r"limit 0\.3 s"):
        run(pool, "saboteur", sabotage(capital), wall=0.3)
    assert time.monotonic() - started < 10
    assert_nothing_runs("saboteur")


def test_a_run_that_ignores_its_limit_is_left_and_ended(
    pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REPORT_SECONDS", 0.5)
    with pytest.raises(EngineTimedOut, match=r"within 0\.3 s"):
        run(pool, "saboteur", sabotage(saboteur.STUBBORN), wall=0.3)
    assert_nothing_runs("saboteur")


def test_too_much_memory_is_told(pool: EnginePool) -> None:
    with pytest.raises(EngineOutOfMemory, match="8,192 MiB"):
        run(pool, "saboteur", sabotage(saboteur.DEVOUR))


def test_a_defect_of_an_engine_is_a_crash_and_not_a_result(pool: EnginePool) -> None:
    with pytest.raises(EngineCrashed):
        run(pool, "saboteur", sabotage(saboteur.DEFECT))


def test_what_a_run_does_to_its_process_ends_with_it(pool: EnginePool) -> None:
    before = len(run(pool, "saboteur", sabotage(saboteur.DEAF)).trades)
    assert len(run(pool, "saboteur", sabotage(10_000)).trades) >= before


def test_runs_side_by_side_do_not_disturb_each_other(pool: EnginePool) -> None:
    results: list[float] = []

    def one() -> None:
        results.append(float(run(pool, "reference", sample_request()).equity[-1]))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1


def host_of(engine: str) -> psutil.Process:
    return next(
        process
        for process in psutil.Process().children()
        # Other tests' processes may have ended and not been waited for.
        if process.status() != psutil.STATUS_ZOMBIE and engine in process.cmdline()
    )


def assert_nothing_runs(engine: str) -> None:
    host = host_of(engine)
    until = time.monotonic() + 5
    while host.children() and time.monotonic() < until:
        time.sleep(0.05)
    assert host.children() == []


def test_a_client_that_goes_takes_its_run_with_it(
    pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pool, "saboteur", sabotage(10_000))
    monkeypatch.setattr(client, "REPORT_SECONDS", -59.5)
    with pytest.raises(EngineTimedOut):
        run(pool, "saboteur", sabotage(saboteur.HANG), wall=60)
    assert_nothing_runs("saboteur")


def test_a_host_that_was_killed_is_started_again(pool: EnginePool) -> None:
    run(pool, "reference", sample_request())
    host_of("reference").send_signal(signal.SIGKILL)
    time.sleep(0.2)
    assert len(run(pool, "reference", sample_request()).trades) == 4


def test_an_idle_host_ends_by_itself_and_leaves_no_socket(
    environment: Mapping[str, str],
) -> None:
    with EnginePool(idle_seconds=0.2, environment=environment, root=ROOT) as pool:
        run(pool, "reference", sample_request())
        socket = Path(pool.ensure("reference"))
        until = time.monotonic() + 10
        while socket.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert not socket.exists()
        assert len(run(pool, "reference", sample_request()).trades) == 4
    assert not socket.parent.exists()


def test_an_engine_that_does_not_start_says_why(environment: Mapping[str, str]) -> None:
    broken = {
        **environment,
        "PYTHONPATH": "/nowhere",
        "NUMBA_CACHE_DIR": "/dev/null/x",
    }
    with (
        EnginePool(idle_seconds=1, environment=broken, root=Path("/")) as pool,
        pytest.raises(EngineUnavailable, match=r"does not start: .*apps"),
    ):
        run(pool, "reference", sample_request())


def test_what_a_killed_worker_left_is_removed_by_the_next_pool(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, kept = tmp_path / "parallax-4194305-x", tmp_path / f"parallax-{os.getpid()}-y"
    left.mkdir()
    kept.mkdir()
    with EnginePool(idle_seconds=1, environment=environment, root=ROOT):
        assert not left.exists()
        assert kept.exists()


def test_an_unknown_engine_is_named_with_the_nearest() -> None:
    with pytest.raises(EngineUnknown, match="Did you mean 'vectorbt'"):
        engine_get("vectorbot")


def test_an_engine_that_is_not_installed_is_unavailable_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "version_of", lambda _name: None)
    with pytest.raises(EngineUnavailable, match="--extra vectorbt"):
        engine_load("vectorbt")


def test_a_result_that_cannot_be_true_is_not_believed() -> None:
    request = sample_request()
    true = engine_load("reference").run(request)
    equity = true.equity.copy()
    equity[-1] += 1.0
    false = RunResult(true.trades, equity, Skipped(), 0.0)
    with pytest.raises(EngineResultInvalid, match="capital plus all profits"):
        result_verify(request, false)
    columns = {
        name: getattr(true.trades, name)
        for name in Trades.__dataclass_fields__
        if name != "entry_bar"
    }
    overlapping = Trades(**columns, entry_bar=true.trades.entry_bar - 9)
    with pytest.raises(ApplicationError, match="overlap"):
        result_verify(request, RunResult(overlapping, true.equity, Skipped(), 0.0))

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
from apps.engines.registry import EngineSpec, engine_get, engine_load
from apps.engines.runner.client import engine_run
from apps.engines.runner.pool import EnginePool
from apps.engines.sample import sample_request
from apps.engines.verify import result_verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import RunRequest

ROOT = Path(__file__).parents[3]
GIB = 1 << 30

SABOTEUR = '''
import os, signal, time
from apps.engines.adapters.reference.adapter import ReferenceEngine

class Saboteur(ReferenceEngine):
    """Does what its capital says."""

    def run(self, request):
        match int(request.capital):
            case 1: os.abort()
            case 2: time.sleep(60)
            case 3: return bytearray(1 << 40)
            case 4: signal.signal(signal.SIGTERM, signal.SIG_IGN)
            case 5: raise ZeroDivisionError("a defect")
        return super().run(request)
'''


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("saboteur")
    (folder / "sitecustomize.py").write_text(
        "import sys, types\n"
        "from apps.engines import registry\n"
        "from apps.engines.registry import EngineSpec\n"
        "registry.ENGINES += (EngineSpec('saboteur', '', '', 'saboteur', 'Saboteur', "
        "'numba', '', ''),)\n"
    )
    package = folder / "saboteur"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "adapter.py").write_text(SABOTEUR)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"],
        "PYTHONPATH": f"{folder}:{ROOT}",
    }


@pytest.fixture(scope="module")
def pool(environment: dict[str, str]) -> Iterator[EnginePool]:
    spec = EngineSpec("saboteur", "", "", "saboteur", "Saboteur", "numba", "", "")
    known = registry.ENGINES
    registry.ENGINES = (*known, spec)
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


def test_a_crash_in_native_code_is_told_and_the_next_run_is_well(
    pool: EnginePool,
) -> None:
    with pytest.raises(EngineCrashed, match="SIGABRT"):
        run(pool, "saboteur", sabotage(1))
    assert len(run(pool, "saboteur", sabotage(10_000)).trades) == 4


def test_a_hang_is_ended_at_its_limit(pool: EnginePool) -> None:
    started = time.monotonic()
    with pytest.raises(EngineTimedOut, match=r"limit 0\.3 s"):
        run(pool, "saboteur", sabotage(2), wall=0.3)
    assert time.monotonic() - started < 10


def test_too_much_memory_is_told(pool: EnginePool) -> None:
    with pytest.raises(EngineOutOfMemory, match="8,192 MiB"):
        run(pool, "saboteur", sabotage(3))


def test_a_defect_of_an_engine_is_a_crash_and_not_a_result(pool: EnginePool) -> None:
    with pytest.raises(EngineCrashed):
        run(pool, "saboteur", sabotage(5))


def test_what_a_run_does_to_its_process_ends_with_it(pool: EnginePool) -> None:
    before = len(run(pool, "saboteur", sabotage(4)).trades)
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


def test_a_client_that_goes_takes_its_run_with_it(pool: EnginePool) -> None:
    run(pool, "saboteur", sabotage(10_000))
    host = next(
        process
        for process in psutil.Process().children()
        if "saboteur" in process.cmdline()
    )
    with pytest.raises(EngineTimedOut):
        _leave_early(pool)
    until = time.monotonic() + 5
    while host.children() and time.monotonic() < until:
        time.sleep(0.05)
    assert host.children() == []


def _leave_early(pool: EnginePool) -> None:
    import apps.engines.runner.client as module  # noqa: PLC0415 - patched here alone

    patience = module.REPORT_SECONDS
    module.REPORT_SECONDS = -59.5
    try:
        run(pool, "saboteur", sabotage(2), wall=60)
    finally:
        module.REPORT_SECONDS = patience


def test_a_host_that_was_killed_is_started_again(pool: EnginePool) -> None:
    run(pool, "reference", sample_request())
    host = next(
        process
        for process in psutil.Process().children()
        if "reference" in process.cmdline()
    )
    host.send_signal(signal.SIGKILL)
    time.sleep(0.2)
    assert len(run(pool, "reference", sample_request()).trades) == 4


def test_an_idle_host_ends_by_itself_and_leaves_no_socket(
    environment: dict[str, str],
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


def test_an_engine_that_does_not_start_says_why(environment: dict[str, str]) -> None:
    broken = environment | {"PYTHONPATH": "/nowhere", "NUMBA_CACHE_DIR": "/dev/null/x"}
    with (
        EnginePool(idle_seconds=1, environment=broken, root=Path("/")) as pool,
        pytest.raises(EngineUnavailable, match=r"does not start: .*apps"),
    ):
        run(pool, "reference", sample_request())


def test_what_a_killed_worker_left_is_removed_by_the_next_pool(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

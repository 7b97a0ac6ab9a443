"""freqtrade in a process of its own: the contract, its isolation, and what it leaves."""

from __future__ import annotations

import ctypes
import errno
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from apps.engines.adapters.freqtrade import config, exact
from apps.engines.adapters.freqtrade.adapter import ONLINE_NOTE, FreqtradeEngine
from apps.engines.adapters.freqtrade.errors import failure_of, passed_over
from apps.engines.adapters.freqtrade.launcher import network_leave
from apps.engines.adapters.freqtrade.program import Program
from apps.engines.adapters.reference.adapter import ReferenceEngine
from apps.engines.contracts import (
    Costs,
    ExitReason,
    Mode,
    Protection,
    Sizing,
    SizingKind,
)
from apps.engines.errors import (
    EngineCrashed,
    EngineOutOfMemory,
    EngineUnavailable,
    UnsupportedByEngine,
)
from apps.engines.registry import engine_get, unavailable_reason
from apps.engines.sample import HOUR_NS, sample_request
from apps.engines.tests.requests import bars_of, request_of
from apps.engines.verify import result_verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import RunRequest, RunResult, Trades

pytestmark = pytest.mark.skipif(
    unavailable_reason(engine_get("freqtrade")) is not None,
    reason="freqtrade is not installed",
)

FLAT = (100.0, 101.0, 99.0, 100.0)
PR_SET_DUMPABLE = 4
REASONS = tuple(ExitReason)
# Says which interfaces are up, and whether the port that it is told answers.
LOOK = """
import fcntl, json, socket, struct, sys
def up(name):
    with socket.socket() as probe:
        told = fcntl.ioctl(probe, 0x8913, struct.pack("16sH14s", name.encode(), 0, b""))
    return bool(struct.unpack("16sH14s", told)[1] & 1)
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2).close()
    reached = True
except OSError:
    reached = False
names = [name for _, name in socket.if_nameindex()]
json.dump({"up": [one for one in names if up(one)], "reached": reached}, open("seen", "w"))
"""
# What a strategy that means ill would do when it begins: where, and what.
BEGIN = '        self.option = shared["runs"][self.run]\n'
CALL = """
        import pathlib, socket
        with socket.socket() as probe:
            called = probe.connect_ex(("127.0.0.1", {port}))
        pathlib.Path("called").write_text(str(called))
"""


@pytest.fixture(autouse=True)
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own place for temporary files, and must leave it empty."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture(autouse=True)
def clean(tmp: Path) -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    handlers, on_end = list(logging.root.handlers), signal.getsignal(signal.SIGTERM)
    yield
    assert logging.root.handlers == handlers
    assert signal.getsignal(signal.SIGTERM) == on_end
    after = psutil.Process().children(recursive=True)
    assert [child for child in after if child.pid not in before] == []
    assert list(tmp.iterdir()) == []


def reasons(trades: Trades) -> list[ExitReason]:
    return [REASONS[code] for code in trades.exit_reason]


def assert_as_reference(request: RunRequest, result: RunResult) -> None:
    expected = ReferenceEngine().run(request)
    result_verify(request, result)
    for name in ("entry_bar", "exit_bar", "quantity", "entry_price", "exit_price"):
        np.testing.assert_array_equal(
            getattr(result.trades, name), getattr(expected.trades, name), err_msg=name
        )
    np.testing.assert_array_equal(
        result.trades.exit_reason, expected.trades.exit_reason
    )
    np.testing.assert_allclose(result.equity, expected.equity, atol=1e-6)
    assert result.skipped == expected.skipped
    assert result.ignored == ()


def test_a_price_with_more_decimals_than_the_tick_is_refused_with_its_bar() -> None:
    bars = bars_of([FLAT] * 5)
    bars.close[2] = 100.001
    with pytest.raises(
        UnsupportedByEngine, match=r"close of bar 2.*at most 2 decimals"
    ):
        FreqtradeEngine().run(request_of(bars, enter=[0]))


def test_what_it_cannot_do_is_refused_before_it_starts() -> None:
    engine, bars = FreqtradeEngine(), bars_of([FLAT] * 5)
    with pytest.raises(UnsupportedByEngine, match="short positions"):
        engine.run(request_of(bars, enter_short=[1]))
    native = request_of(bars, enter=[1], mode=Mode.NATIVE)
    with pytest.raises(UnsupportedByEngine, match="no timeframe of 7 minutes"):
        engine.run(replace(native, bars=replace(bars, timeframe_ns=7 * HOUR_NS // 60)))
    with pytest.raises(UnsupportedByEngine, match="stake of 1000 out of 1000"):
        engine.run(replace(native, capital=1_000.0))
    with pytest.raises(ValueError, match="one fee"):
        engine.run_many([native, native])


def test_by_its_own_rules_it_fills_gaps_and_targets_returns_after_fees() -> None:
    rows = [FLAT, FLAT, (100, 102, 98, 101), (101, 108, 100, 107), FLAT, FLAT, FLAT]
    bars = bars_of(rows)
    bars.time[3:] += 5 * HOUR_NS
    request = request_of(
        bars,
        enter=[0, 2],
        leave=[1],
        protection=Protection(take_profit=0.05),
        costs=Costs(0.001, 0.01),
        mode=Mode.NATIVE,
    )
    result = FreqtradeEngine().run(request)
    result_verify(request, result)
    trades = result.trades
    # The second entry acts on the first candle that freqtrade made up, at the last close.
    assert trades.entry_bar.tolist() == [1, 2]
    assert trades.exit_bar.tolist() == [2, 3]
    assert trades.entry_price.tolist() == [100.0, 101.0]
    assert reasons(trades) == [ExitReason.SIGNAL, ExitReason.TAKE_PROFIT]
    assert trades.exit_price[1] == pytest.approx(101 * 1.05 * 1.001 / 0.999, abs=0.01)
    assert result.ignored == ("slippage",)
    assert any(
        "5 missing candles" in note and "1 fills" in note for note in result.notes
    )
    assert any("after fees" in note for note in result.notes)


def test_by_its_own_rules_it_trails_and_keeps_a_hundredth_back() -> None:
    rows = [FLAT, (100, 101, 99, 100), (100, 110, 99.5, 108), (108, 109, 90, 95), FLAT]
    request = request_of(
        bars_of([*rows, FLAT, FLAT]),
        enter=[0, 4],
        protection=Protection(trailing_stop=0.05),
        sizing=Sizing(SizingKind.PERCENT_OF_EQUITY, 1.0),
        mode=Mode.NATIVE,
    )
    result = FreqtradeEngine().run(request)
    result_verify(request, result)
    trades = result.trades
    assert reasons(trades) == [ExitReason.TRAILING_STOP, ExitReason.END_OF_DATA]
    assert trades.quantity[0] == pytest.approx(99.0)
    assert any("hundredth" not in note for note in result.notes)
    assert any("trailing" in note for note in result.notes)


def test_a_process_of_its_own_reaches_no_network() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = str(listener.getsockname()[1])
        with closing(Program([sys.executable, "-c", LOOK, port])) as program:
            assert program.run({}) == 0, program.log()
            seen = json.loads((program.directory / "seen").read_text())
            isolated = (program.directory / "network").read_text() == "none"
    if not isolated:
        pytest.skip("this system refuses network namespaces")
    assert seen == {"up": [], "reached": False}


def _template_with(
    monkeypatch: pytest.MonkeyPatch, folder: Path, line: str, instead: str
) -> None:
    """Have runs use a strategy in which one line is another."""
    source = (Path(exact.__file__).parent / exact.TEMPLATE).read_text()
    assert source.count(line) == 1
    template = folder / "template.txt"
    template.write_text(source.replace(line, instead))
    monkeypatch.setattr(exact, "TEMPLATE", str(template))


def test_a_backtest_runs_in_a_network_namespace_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = FreqtradeEngine()
    monkeypatch.setattr(engine._standby, "refill", lambda: None)
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        closing(engine.prepare()),
    ):
        call = CALL.format(port=listener.getsockname()[1])
        _template_with(monkeypatch, tmp_path, BEGIN, BEGIN + call)
        assert engine._handed is not None
        program = engine._handed
        until = time.monotonic() + 20
        while not (program.directory / "network").exists() and time.monotonic() < until:
            time.sleep(0.01)
        theirs = Path(f"/proc/{program.pid}/ns/net").readlink()
        environment = Path(f"/proc/{program.pid}/environ").read_text()
        result = engine.run(sample_request())
        called = (program.directory / "called").read_text()
    assert len(result.trades) == 4
    if ONLINE_NOTE in result.notes:
        pytest.skip("this system refuses network namespaces")
    assert theirs != Path("/proc/self/ns/net").readlink()
    assert called == str(errno.ENETUNREACH)
    # Nothing of ours but what the configuration names.
    names = {line.split("=")[0] for line in environment.split("\0") if line}
    assert names <= set(config.ENVIRONMENT)


def test_who_is_not_root_leaves_the_network_too() -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            # As a program that such a user has started is; else /proc is not its own.
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
        user = os.getuid()
        left = network_leave()
        os.write(write, f"{left} {user == os.getuid()}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    told = os.read(read, 100).decode()
    os.close(read)
    if told.startswith("False"):
        pytest.skip("this system refuses user namespaces")
    assert told == "True True"


def test_a_system_that_refuses_namespaces_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_flags: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "unshare", refuse)
    assert network_leave() is False


def test_a_program_that_fails_says_what_it_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(config, "EXCHANGE", "nowhere")
    with pytest.raises(
        EngineCrashed, match=r'code 2; it said: Exchange "nowhere" is not known'
    ):
        FreqtradeEngine().run(sample_request())


def test_a_defect_that_freqtrade_passes_over_is_no_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line = "option, bar = self.{}, self.bar_of(current_time)"
    _template_with(monkeypatch, tmp_path, line.format("option"), line.format("no"))
    with pytest.raises(EngineCrashed, match=r"passed over a defect.*has no attribute"):
        FreqtradeEngine().run(sample_request())


def test_a_program_that_is_killed_is_told_by_its_signal() -> None:
    command = [sys.executable, "-c", "import os; os.abort()"]
    with closing(Program(command)) as program:
        failure = failure_of(program.log(), program.run({}))
    assert failure.message == "freqtrade was killed by SIGABRT; it said: nothing"


def test_want_of_memory_is_told_from_other_ends() -> None:
    log = (
        "12.5 ERROR Fatal exception!\nTraceback (most recent call last):\n"
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 9.00 GiB"
    )
    assert isinstance(failure_of(log, 256), EngineOutOfMemory)
    assert "it said: nothing" in failure_of("", 9).message
    assert passed_over("1.5 INFO all is well") is None
    # Without memory for a thread's stack, freqtrade goes on without its candles.
    thread = (
        "ArrowException: Unknown error: Failed to launch worker thread: Resource "
        "temporarily unavailable\n12.5 ERROR No data found. Terminating."
    )
    assert isinstance(failure_of(thread, 512), EngineOutOfMemory)
    memory = "1.5 ERROR Unexpected error MemoryError() calling <bound method>"
    assert isinstance(passed_over(memory), EngineOutOfMemory)


def test_a_program_that_is_not_there_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp / "bin" / "python"))
    with pytest.raises(EngineUnavailable, match="--extra freqtrade"):
        FreqtradeEngine().run(sample_request())


def test_a_program_that_died_waiting_is_replaced() -> None:
    engine = FreqtradeEngine()
    engine.warm()
    waiting = engine._standby._waiting
    assert waiting is not None
    os.kill(waiting.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(waiting.pid)], timeout=5)
    with closing(engine._standby), closing(engine.prepare()) as ready:
        assert engine._handed is not waiting
        assert not waiting.directory.exists()
        result = engine.run(sample_request())
        assert engine._handed is None
        del ready
    assert_as_reference(sample_request(), result)

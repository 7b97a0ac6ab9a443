"""freqtrade in a process of its own: the contract, its isolation, and what it leaves."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
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
    yield
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


def _awkward() -> dict[str, RunRequest]:
    """Requests that a bar backtest gets wrong easily, all without a fee."""
    wide = [FLAT, (100, 100, 100, 100), (100, 130, 80, 100), FLAT]
    both = Protection(stop_loss=0.05, take_profit=0.05)
    gapped = bars_of([FLAT, FLAT, (100, 102, 98, 101), (101, 103, 100, 102), FLAT])
    time = gapped.time.copy()
    time[3:] += 7 * HOUR_NS
    tick = replace(request_of(bars_of([FLAT])).market, price_tick=Decimal("0.05"))
    coarse = [(100.0, 100.25, 99.6, 100.05), (100.05, 100.5, 99.95, 100.15)] * 12
    tiny = [(7e-8, 9e-8, 5e-8, 8e-8), (8e-8, 1.1e-7, 6e-8, 7e-8)] * 8
    huge = [(60_000.00000001, 60_000.00000009, 59_999.9, 60_000.00000003)] * 6
    rows = [FLAT, (100, 104, 96, 101)] * 30
    trailing = Protection(stop_loss=0.06, take_profit=0.04, trailing_stop=0.03)
    silent = replace(bars_of(rows), volume=np.zeros(len(rows)))
    return {
        "stop and target in one bar": request_of(
            bars_of(wide), enter=[0], protection=both
        ),
        "a minute each, stop and target in one": request_of(
            replace(
                bars_of(wide),
                time=np.arange(4) * HOUR_NS // 60,
                timeframe_ns=HOUR_NS // 60,
            ),
            enter=[0],
            protection=both,
        ),
        "opens beyond the target and falls to the stop": request_of(
            bars_of([FLAT, FLAT, (110, 120, 90, 100), FLAT]), enter=[0], protection=both
        ),
        "opens beyond the stop": request_of(
            bars_of([FLAT, FLAT, (90, 120, 80, 100), FLAT]), enter=[0], protection=both
        ),
        "a gap inside of a position": request_of(
            replace(gapped, time=time), enter=[0], leave=[3], protection=Protection(0.5)
        ),
        "a tick of 0.05": request_of(
            bars_of(coarse), enter=range(0, 22, 2), protection=both, market=tick
        ),
        "a stop within the tick": request_of(
            bars_of(coarse),
            enter=range(0, 22, 2),
            protection=Protection(0.0001, 0.0001),
            market=tick,
        ),
        "prices of a few ticks": request_of(
            bars_of(tiny),
            enter=range(0, 14, 3),
            protection=both,
            market=replace(tick, price_tick=Decimal("1e-8")),
            sizing=Sizing(SizingKind.FIXED_QUOTE, 0.01),
            capital=1.0,
        ),
        "more digits than a return has": request_of(
            bars_of(huge),
            enter=[0],
            protection=Protection(take_profit=0.000000000001),
            market=replace(tick, price_tick=Decimal("1e-8")),
        ),
        "sizes below the minimum": request_of(
            bars_of(rows),
            enter=range(0, 50, 7),
            leave=range(3, 50, 7),
            market=replace(tick, min_notional=Decimal(1001)),
        ),
        "steps of a half": request_of(
            bars_of(rows),
            enter=range(0, 50, 7),
            leave=range(3, 50, 7),
            market=replace(tick, quantity_step=Decimal("0.5")),
        ),
        "too little cash": request_of(
            bars_of([(100, 100, 90, 90), (90, 100, 90, 100)] * 20),
            enter=range(0, 38, 4),
            leave=range(2, 38, 4),
            capital=1_020.0,
            costs=Costs(0.0, 0.002),
        ),
        "slippage": request_of(
            bars_of(rows), enter=range(0, 50, 5), protection=both, costs=Costs(0, 0.01)
        ),
        "a trailing stop with the other two": request_of(
            bars_of(rows), enter=range(0, 50, 5), protection=trailing
        ),
        "a trailing stop alone": request_of(
            bars_of(rows),
            enter=range(0, 50, 5),
            protection=Protection(trailing_stop=0.02),
        ),
        "all of the equity": request_of(
            bars_of(rows),
            enter=range(0, 50, 5),
            leave=range(3, 50, 5),
            sizing=Sizing(SizingKind.PERCENT_OF_EQUITY, 1.0),
        ),
        "a risk per trade": request_of(
            bars_of(rows),
            enter=range(0, 50, 5),
            protection=Protection(stop_loss=0.03),
            sizing=Sizing(SizingKind.RISK_PER_TRADE, 0.01),
        ),
        "no volume": request_of(silent, enter=range(0, 50, 5), protection=both),
        "no entry at all": request_of(bars_of([FLAT] * 5)),
        "a trade that never closes": request_of(bars_of([FLAT] * 9), enter=[2]),
        "an entry on the last bar": request_of(bars_of([FLAT] * 4), enter=[2]),
        "two bars": request_of(bars_of([FLAT] * 2), enter=[0]),
        "no bars": request_of(bars_of([FLAT] * 2), enter=[0]),
    }


def test_what_is_easily_got_wrong_is_as_the_contract_has_it() -> None:
    awkward = _awkward()
    results = FreqtradeEngine().run_many(list(awkward.values()))
    for (name, request), result in zip(awkward.items(), results, strict=True):
        try:
            assert_as_reference(request, result)
        except AssertionError as error:
            error.add_note(name)
            raise
    found = dict(zip(awkward, results, strict=True))
    together = found["stop and target in one bar"].trades
    assert reasons(together) == [ExitReason.STOP_LOSS]
    assert together.exit_price.tolist() == [95.0]
    assert found["a gap inside of a position"].trades.gaps.tolist() == [1]
    assert found["sizes below the minimum"].skipped.below_minimum == 8
    assert found["too little cash"].skipped.insufficient_cash > 0
    assert reasons(found["more digits than a return has"].trades) == [
        ExitReason.TAKE_PROFIT
    ]
    never = found["a trade that never closes"].trades
    assert reasons(never) == [ExitReason.END_OF_DATA]
    assert never.exit_bar.tolist() == [8]


@pytest.mark.parametrize(
    ("column", "price", "told"),
    [
        ("open", 0.004, "open of bar 2 is 0.004"),
        ("low", 0.0, "low of bar 2 is 0.0"),
        ("close", 100.001, "at most 2 decimals"),
        ("high", float("nan"), "high of bar 2 is nan"),
    ],
)
def test_a_price_that_is_no_price_on_the_tick_is_refused_with_its_bar(
    column: str, price: float, told: str
) -> None:
    bars = bars_of([FLAT] * 5)
    getattr(bars, column)[2] = price
    with pytest.raises(UnsupportedByEngine, match=told):
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


def test_a_backtest_runs_in_a_network_namespace_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FreqtradeEngine()
    monkeypatch.setattr(engine._standby, "refill", lambda: None)
    with closing(engine.prepare()):
        assert engine._handed is not None
        program = engine._handed
        until = time.monotonic() + 20
        while not (program.directory / "network").exists() and time.monotonic() < until:
            time.sleep(0.01)
        theirs = Path(f"/proc/{program.pid}/ns/net").readlink()
        environment = Path(f"/proc/{program.pid}/environ").read_text()
        result = engine.run(sample_request())
    assert len(result.trades) == 4
    if ONLINE_NOTE in result.notes:
        pytest.skip("this system refuses network namespaces")
    assert theirs != Path("/proc/self/ns/net").readlink()
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
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = (Path(exact.__file__).parent / exact.TEMPLATE).read_text()
    broken = source.replace("option, bar = self.option, ", "option, bar = self.no, ")
    assert broken != source
    template = tmp_path_factory.mktemp("template") / "broken.txt"
    template.write_text(broken)
    monkeypatch.setattr(exact, "TEMPLATE", str(template))
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

"""A run over bars: market orders at the signals, through a modelled or a captured book."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.hftbacktest import orders
from apps.engines.adapters.hftbacktest.book import SHIFT, book_events
from apps.engines.adapters.hftbacktest.capture import capture_load
from apps.engines.adapters.hftbacktest.checks import request_check, rows_check
from apps.engines.adapters.hftbacktest.config import BARS_QUEUE, UNIT
from apps.engines.adapters.hftbacktest.decisions import decisions_make
from apps.engines.adapters.hftbacktest.errors import code_check
from apps.engines.adapters.hftbacktest.mapping import (
    book_arguments,
    decision_arguments,
    execution_of,
    market_arguments,
    option_arguments,
    trades_from,
)
from apps.engines.adapters.hftbacktest.notes import ignored_of, notes_of
from apps.engines.adapters.hftbacktest.session import Setting, session
from apps.engines.contracts import Mode, RunResult, Skipped
from apps.engines.equity import equity_curve
from apps.engines.errors import UnsupportedByEngine
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.engines.adapters.hftbacktest.decisions import Decisions
    from apps.engines.contracts import Execution, RunRequest

# The narrowest spread of a native run: a book whose sides are equal is none.
NATIVE_SPREAD_TICKS = 1


def bars_run(request: RunRequest) -> RunResult:
    """Run one backtest over bars; see `Engine.run`."""
    execution = execution_of(request)
    request_check(request, execution)
    decisions = decisions_make(request)
    # A trade needs an entry, so there cannot be more of them.
    most = int(np.count_nonzero(decisions.enter))
    floats = np.zeros((most, 6))
    ints = np.zeros((most, 4), dtype=np.int64)
    counts = np.zeros(orders.COUNTERS, dtype=np.int64)
    seconds = 0.0
    if most:
        events, setting = _book(request, decisions, execution)
        started = time.perf_counter()
        with session(events, setting) as backtest:
            code = orders.trade(
                backtest,
                decision_arguments(request, decisions, execution),
                len(request.bars) - 1,
                market_arguments(request),
                option_arguments(request),
                book_arguments(request, execution, SHIFT),
                request.capital,
                request.mode is Mode.EXACT,
                floats,
                ints,
                counts,
            )
        seconds = time.perf_counter() - started
        code_check(code, _place(decisions, int(counts[orders.AT])))
    done = counts[orders.TRADES]
    trades = trades_from(request.bars, floats[:done], ints[:done])
    return RunResult(
        trades=trades,
        equity=equity_curve(request.bars, trades, request.capital),
        skipped=Skipped(
            insufficient_cash=int(counts[orders.NO_CASH]),
            below_minimum=int(counts[orders.TOO_SMALL]),
        ),
        engine_seconds=seconds,
        versions=versions_of("hftbacktest", "numba", "numpy"),
        notes=notes_of(request, execution, counts),
        ignored=ignored_of(request),
    )


def _book(
    request: RunRequest, decisions: Decisions, execution: Execution
) -> tuple[NDArray[Any], Setting]:
    """Return the book's events, modelled or captured, and how it is played."""
    tick, lot = UNIT, UNIT
    if execution.capture is None:
        rows_check(2 * len(decisions) + 2, execution)
        least = 0 if request.mode is Mode.EXACT else NATIVE_SPREAD_TICKS
        events = book_events(request, decisions, execution, least)
    else:
        events = _captured(request, execution, execution.capture)
        tick = float(request.market.price_tick)
        lot = float(request.market.quantity_step)
    setting = Setting(
        tick=tick,
        lot=lot,
        entry_ns=execution.order_latency_ns,
        response_ns=execution.order_latency_ns,
        queue=BARS_QUEUE,
    )
    return events, setting


def _captured(request: RunRequest, execution: Execution, path: str) -> NDArray[Any]:
    capture = capture_load(path)
    bars = request.bars
    begin = int(bars.time[0])
    end = int(bars.time[-1]) + bars.timeframe_ns
    end += execution.feed_latency_ns + 2 * execution.order_latency_ns
    if not (capture.first <= begin and end <= capture.last):
        times = np.array([begin, end, capture.first, capture.last])
        told = np.datetime_as_string(times.astype("datetime64[ns]"), unit="ms")
        msg = (
            f"The bars and the way to the market need the book from {told[0]} to "
            f"{told[1]}, but the capture goes from {told[2]} to {told[3]}; it must "
            "cover them."
        )
        raise UnsupportedByEngine(msg, attr="execution.capture")
    return capture.events


def _place(decisions: Decisions, at: int) -> str:
    if at < len(decisions):
        return f"at the open of bar {decisions.bar[at]:,}"
    return "at the end"

"""What must be so before a run over bars; hftbacktest checks nothing itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from apps.engines.adapters.hftbacktest.capabilities import CAPABILITIES
from apps.engines.adapters.hftbacktest.config import (
    MOST_LEVELS,
    MOST_ROWS,
    MOST_UNITS,
)
from apps.engines.contracts import Mode
from apps.engines.errors import UnsupportedByEngine
from apps.engines.grid import grid_of, on_grid, round_units
from apps.engines.refusals import options_check

if TYPE_CHECKING:
    from apps.engines.contracts import Execution, RunRequest

# A price is on the grid when it is the float64 next to it, or the one beside that.
ON_GRID = 4e-16


def request_check(request: RunRequest, execution: Execution) -> None:
    """Refuse what hftbacktest would not run, or not as asked.

    Raises:
        UnsupportedByEngine: Names the option or the bar.
    """
    if request.mode is Mode.EXACT:
        options_check(
            engine="hftbacktest",
            capabilities=CAPABILITIES,
            shorts=False,
            protection=request.protection,
            sizing=request.sizing.kind,
        )
    elif request.sizing.kind not in CAPABILITIES.sizing:
        _refuse(f"sizing by {request.sizing.kind.value} needs a stop.", "sizing.kind")
    _execution_check(execution)
    _times_check(request, execution)
    _prices_check(request)
    if execution.level_depth is not None and execution.capture is None:
        _depth_check(request, execution.level_depth)


def rows_check(books: int, execution: Execution) -> None:
    """Refuse a modelled book that would not fit into memory.

    Raises:
        UnsupportedByEngine: Says how large it would be.
    """
    rows = books * (1 + 2 * execution.levels)
    if execution.level_depth is not None and rows > MOST_ROWS:
        _refuse(
            f"a book of {execution.levels} levels in {books:,} moments has {rows:,} "
            f"rows, above {MOST_ROWS:,}; ask for fewer levels.",
            "execution.levels",
        )


def _execution_check(execution: Execution) -> None:
    for name in ("feed_latency_ns", "order_latency_ns"):
        if getattr(execution, name) < 0:
            _refuse(f"{name} must not be negative.", f"execution.{name}")
    if not 0.0 <= execution.spread_bps < 10_000:  # noqa: PLR2004 - the whole price
        _refuse(
            f"a spread of {execution.spread_bps:g} basis points is not within 0 to "
            "9,999.",
            "execution.spread_bps",
        )
    if not 1 <= execution.levels <= MOST_LEVELS:
        _refuse(
            f"a book has 1 to {MOST_LEVELS} levels, not {execution.levels}.",
            "execution.levels",
        )
    depth = execution.level_depth
    if depth is not None and not (math.isfinite(depth) and depth > 0):
        _refuse(f"a level must hold something, not {depth:g}.", "execution.level_depth")


def _times_check(request: RunRequest, execution: Execution) -> None:
    """Refuse unsorted bars, and a way to the market that is longer than a bar."""
    steps = np.diff(request.bars.time)
    shortest = min(
        int(steps.min(initial=request.bars.timeframe_ns)), request.bars.timeframe_ns
    )
    if shortest <= 0:
        bar = int(np.argmin(steps)) + 1
        _refuse(f"bar {bar:,} is not later than the one before it.", "bars.time")
    way = execution.feed_latency_ns + 2 * execution.order_latency_ns
    if way >= shortest:
        _refuse(
            f"from the open to the answer to an order it takes {way / 1e6:g} ms, but a "
            f"bar only {shortest / 1e6:g} ms; latencies must be shorter than a bar.",
            "execution.order_latency_ns",
        )


def _prices_check(request: RunRequest) -> None:
    """Refuse prices that are no whole number of ticks: the book has no place for them."""
    tick = grid_of(request.market.price_tick)
    for name in ("open", "high", "low", "close"):
        prices = getattr(request.bars, name)
        with np.errstate(invalid="ignore"):
            units = round_units(prices, tick.numerator, tick.scale)
            apart = np.abs(prices - on_grid(units, tick.numerator, tick.scale))
            bad = ~((units >= 1) & (units < MOST_UNITS) & np.isfinite(prices))
            bad |= apart > ON_GRID * prices
        if bad.any():
            bar = int(np.argmax(bad))
            _refuse(
                f"the {name} of bar {bar:,} is {prices[bar]:.12g}, which is not a "
                f"multiple of the tick {request.market.price_tick} between one tick "
                f"and {MOST_UNITS:,}; its book counts in ticks.",
                f"bars.{name}",
            )


def _depth_check(request: RunRequest, depth: float) -> None:
    step = grid_of(request.market.quantity_step)
    dearest = float(request.bars.high.max(initial=0.0)) * step.numerator / step.scale
    if depth < dearest:
        _refuse(
            f"a level of {depth:g} quote units is less than one step of quantity, "
            f"which is worth up to {dearest:g}.",
            "execution.level_depth",
        )


def _refuse(reason: str, attr: str) -> NoReturn:
    msg = f"The engine 'hftbacktest' cannot run this: {reason}"
    raise UnsupportedByEngine(msg, attr=attr)

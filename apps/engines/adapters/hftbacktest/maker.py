"""Market making over a capture: what is checked before, and how it is played."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from apps.engines.adapters.hftbacktest import ladder, making
from apps.engines.adapters.hftbacktest.capture import capture_load
from apps.engines.adapters.hftbacktest.config import (
    MOST_GRID_LEVELS,
    MOST_RECORDS,
    MOST_TICKS,
)
from apps.engines.adapters.hftbacktest.errors import (
    ENDED,
    LEFT_OPEN,
    NO_END,
    code_check,
)
from apps.engines.adapters.hftbacktest.latency import feed_latencies
from apps.engines.adapters.hftbacktest.measures import result_make
from apps.engines.adapters.hftbacktest.session import Setting, session
from apps.engines.errors import UnsupportedByEngine
from apps.engines.grid import floor_units, grid_of, on_grid, round_units
from apps.engines.market_making import LatencyModel

if TYPE_CHECKING:
    from apps.engines.adapters.hftbacktest.capture import Capture
    from apps.engines.contracts import IntArray
    from apps.engines.market_making import MarketMakingRequest, MarketMakingResult

# How many fills there is room for before it is doubled.
FIRST_ROOM = 1_024
HALF = 0.5


def market_make(request: MarketMakingRequest) -> MarketMakingResult:
    """Play one capture; see `MarketMaker`."""
    _options_check(request)
    capture = capture_load(request.capture)
    _market_check(request, capture)
    span = capture.last - capture.first
    room = span // request.record_interval_ns + 3
    if room > MOST_RECORDS:
        _refuse(
            "record_interval_ns",
            f"{room:,} records over {span / 1e9:,.0f} s are more than {MOST_RECORDS:,}",
        )
    wide = request.quoting.grid_levels
    scratch = (
        np.zeros(wide, dtype=np.int64),
        np.zeros(wide, dtype=np.int64),
        np.zeros(wide, dtype=np.bool_),
    )
    fills: IntArray = np.zeros((FIRST_ROOM, making.COLUMNS), dtype=np.int64)
    marks = np.zeros((room, making.MARKS), dtype=np.int64)
    levels = np.zeros((room, making.MARKS))
    counts = np.zeros(making.COUNTERS, dtype=np.int64)
    timing = (
        request.quoting.interval_ns,
        request.record_interval_ns,
        int(capture.events["local_ts"][-1]),
    )
    started = time.perf_counter()
    with session(capture.events, _setting(request, capture)) as backtest:
        code = making.FULL
        while code == making.FULL:
            code = making.quote(
                backtest,
                _quoting(request),
                timing,
                _orders_within(request),
                scratch,
                fills,
                marks,
                levels,
                counts,
            )
            if code == making.FULL:
                fills = np.concatenate((fills, np.zeros_like(fills)))
    seconds = time.perf_counter() - started
    # Only the end of the data is a good end.
    code_check(0 if code == ENDED else code or NO_END, "while quoting")
    done = counts[making.RECORDS]
    result = result_make(
        request,
        capture,
        fills[: counts[making.FILLS]],
        marks[:done],
        levels[:done, making.MARK_MID],
        counts,
        seconds,
    )
    apart = np.abs(result.inventory - levels[:done, making.MARK_POSITION])
    if apart.max(initial=0.0) > HALF * request.quoting.order_quantity:
        code_check(LEFT_OPEN, "while quoting")
    return result


def _setting(request: MarketMakingRequest, capture: Capture) -> Setting:
    fed = request.latency_model is LatencyModel.FEED
    return Setting(
        tick=float(request.market.price_tick),
        lot=float(request.market.quantity_step),
        entry_ns=request.entry_latency_ns,
        response_ns=request.response_latency_ns,
        queue=request.queue_model,
        latencies=feed_latencies(capture.events, request.latency_factor)
        if fed
        else None,
        power=request.queue_power,
        maker_fee=request.maker_fee,
        taker_fee=request.taker_fee,
    )


def _quoting(request: MarketMakingRequest) -> tuple[float, float, float, float]:
    quoting = request.quoting
    return (
        quoting.half_spread_bps,
        quoting.skew_bps,
        quoting.grid_step_bps,
        quoting.order_quantity,
    )


def _orders_within(request: MarketMakingRequest) -> int:
    """Return how many orders' worth of inventory is allowed on each side."""
    quoting = request.quoting
    return int(floor_units(quoting.max_position, quoting.order_quantity, 1.0))


def _options_check(request: MarketMakingRequest) -> None:
    """Refuse figures that mean nothing, and what hftbacktest does not do.

    Raises:
        UnsupportedByEngine: Names the option.
    """
    if request.partial_fills:
        _refuse(
            "partial_fills",
            "its exchange with partial fills does not carry them to the position; "
            "leave partial fills off",
        )
    quoting = request.quoting
    for name, value, least, most in (
        ("quoting.half_spread_bps", quoting.half_spread_bps, 0.0, 5_000.0),
        ("quoting.skew_bps", quoting.skew_bps, 0.0, 5_000.0),
        ("quoting.grid_step_bps", quoting.grid_step_bps, 0.0, 5_000.0),
        ("quoting.grid_levels", quoting.grid_levels, 1, MOST_GRID_LEVELS),
        ("quoting.interval_ns", quoting.interval_ns, 1_000, 1 << 60),
        ("record_interval_ns", request.record_interval_ns, 1_000, 1 << 60),
        ("horizon_ns", request.horizon_ns, 0, 1 << 60),
        ("entry_latency_ns", request.entry_latency_ns, 0, 1 << 50),
        ("response_latency_ns", request.response_latency_ns, 0, 1 << 50),
        ("latency_factor", request.latency_factor, 0.0, 1_000.0),
        ("queue_power", request.queue_power, 1e-3, 100.0),
        ("maker_fee", request.maker_fee, -0.1, 0.1),
        ("taker_fee", request.taker_fee, -0.1, 0.1),
    ):
        if not (math.isfinite(value) and least <= value <= most):
            _refuse(name, f"{value:g} is not within {least:g} to {most:g}")
    _quantity_check(request)


def _quantity_check(request: MarketMakingRequest) -> None:
    quantity, market = request.quoting.order_quantity, request.market
    step = grid_of(market.quantity_step)
    units = round_units(quantity, step.numerator, step.scale) if quantity > 0 else 0
    if units < 1 or not math.isclose(
        on_grid(units, step.numerator, step.scale), quantity, rel_tol=1e-12
    ):
        _refuse(
            "quoting.order_quantity",
            f"{quantity:g} is not a positive multiple of {market.quantity_step}",
        )
    if quantity < float(market.min_quantity):
        _refuse(
            "quoting.order_quantity",
            f"{quantity:g} is below the market's least, {market.min_quantity}",
        )
    if not (math.isfinite(request.quoting.max_position) and _orders_within(request)):
        _refuse(
            "quoting.max_position",
            f"{request.quoting.max_position:g} has no room for one order of {quantity:g}",
        )


def _market_check(request: MarketMakingRequest, capture: Capture) -> None:
    """Refuse a market whose grid or minimum is not the capture's."""
    market = request.market
    tick = grid_of(market.price_tick)
    off, lowest, highest = ladder.prices_fit(capture.best, tick.numerator, tick.scale)
    if off or highest > on_grid(MOST_TICKS, tick.numerator, tick.scale):
        _refuse(
            "market.price_tick",
            f"the capture's price {off or highest:.12g} is not a multiple of "
            f"{market.price_tick} up to {MOST_TICKS:,} ticks",
        )
    worth = request.quoting.order_quantity * lowest
    if worth < float(market.min_notional):
        _refuse(
            "quoting.order_quantity",
            f"an order is worth {worth:g} in the capture, below the market's least, "
            f"{market.min_notional}",
        )


def _refuse(attr: str, reason: str) -> NoReturn:
    msg = f"The engine 'hftbacktest' cannot make this market: {attr}: {reason}."
    raise UnsupportedByEngine(msg, attr=attr)

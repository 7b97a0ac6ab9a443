"""What came of quoting: fills as columns, and how well they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.hftbacktest import making
from apps.engines.grid import grid_of, on_grid
from apps.engines.market_making import Fills, LatencyModel, MarketMakingResult
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from apps.engines.adapters.hftbacktest.capture import Capture
    from apps.engines.contracts import FloatArray, IntArray
    from apps.engines.market_making import MarketMakingRequest

BPS = 10_000.0


def result_make(
    request: MarketMakingRequest,
    capture: Capture,
    raw_fills: IntArray,
    marks: IntArray,
    mid: FloatArray,
    counts: IntArray,
    seconds: float,
) -> MarketMakingResult:
    """Return the compiled strategy's columns as a result.

    Inventory and equity are added up here from the fills, in one order; upstream's own
    sums differ in their last bits from run to run, as it goes through orders in any.

    Args:
        request: What was asked.
        capture: What was played, with its best prices.
        raw_fills: Time, side, tick and order of each fill, (k, 4), in any order.
        marks: Time of each record, and how many fills were known by then, (m, 2).
        mid: The middle at each record, (m,).
        counts: Orders sent and refused.
        seconds: Wall time of the engine's own call.
    """
    fills = _fills(request, capture, raw_fills)
    known = marks[:, making.MARK_FILLS]
    quantity = request.quoting.order_quantity
    inventory = _sums(fills.side.astype(np.float64))[known] * quantity
    spent = _sums(fills.side * (fills.price * quantity) + fills.fee)[known]
    sent = int(counts[making.SENT])
    return MarketMakingResult(
        fills=fills,
        time=marks[:, making.MARK_TIME].copy(),
        mid=mid.copy(),
        inventory=inventory,
        equity=inventory * mid - spent,
        quotes=sent,
        refused=int(counts[making.REFUSED]),
        fill_ratio=len(fills) / sent if sent else np.nan,
        spread_capture=_mean(fills.side * (fills.mid - fills.price), fills.mid),
        adverse_selection=_mean(fills.side * (fills.mid - fills.mid_after), fills.mid),
        horizon_ns=request.horizon_ns,
        events=len(capture.events),
        engine_seconds=seconds,
        versions=versions_of("hftbacktest", "numba", "numpy"),
        notes=_notes(request),
    )


def _sums(amounts: FloatArray) -> FloatArray:
    """Return the sums of none, one, two and so on of the amounts."""
    sums: FloatArray = np.concatenate(([0.0], np.cumsum(amounts)))
    return sums


def _fills(request: MarketMakingRequest, capture: Capture, raw: IntArray) -> Fills:
    # Upstream tells of orders in any order, so of one time the earlier order is first.
    raw = raw[np.lexsort((raw[:, making.FILL_ORDER], raw[:, making.FILL_TIME]))]
    time = raw[:, making.FILL_TIME].copy()
    tick = grid_of(request.market.price_tick)
    price = on_grid(
        raw[:, making.FILL_TICK].astype(np.float64), tick.numerator, tick.scale
    )
    quantity = np.full(len(time), request.quoting.order_quantity)
    later = time + request.horizon_ns
    after = _middle(capture, later + 1)
    after[later > capture.last] = np.nan
    return Fills(
        time=time,
        side=raw[:, making.FILL_SIDE].astype(np.int8),
        price=price,
        quantity=quantity,
        fee=request.maker_fee * price * quantity,
        mid=_middle(capture, time),
        mid_after=after,
    )


def _middle(capture: Capture, before: IntArray) -> FloatArray:
    """Return the exchange's middle just before each time; NaN where there is none."""
    at = np.searchsorted(capture.best_time, before, side="left") - 1
    middle: FloatArray = capture.best[np.maximum(at, 0)].mean(axis=1)
    middle[at < 0] = np.nan
    return middle


def _mean(moved: FloatArray, mid: FloatArray) -> float:
    """Return the mean of moves as basis points of the middle; NaN of none."""
    known: Any = np.isfinite(moved)
    return float(np.mean(moved[known] / mid[known]) * BPS) if known.any() else np.nan


def _notes(request: MarketMakingRequest) -> tuple[str, ...]:
    latency = (
        f"orders take {request.entry_latency_ns / 1e6:g} ms there and "
        f"{request.response_latency_ns / 1e6:g} ms back"
        if request.latency_model is LatencyModel.CONSTANT
        else f"orders take {request.latency_factor:g} times as long as the feed took"
    )
    return (
        f"Queue position by the model {request.queue_model.value!r}; {latency}.",
        "Orders are filled whole: hftbacktest's exchange with partial fills does not "
        "carry them to the position (its issues 299, 301 and 316).",
        "The captured market does not react to our orders.",
    )

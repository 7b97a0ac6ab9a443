"""One hftbacktest asset, built and closed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest

from apps.engines.market_making import QueueModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Setting:
    """What an asset is built with.

    Attributes:
        tick: Prices are multiples of it.
        lot: Quantities are multiples of it.
        entry_ns: From us to the exchange, nanoseconds.
        response_ns: Back, nanoseconds.
        latencies: Rows of measured order latencies, which take the place of the two.
        queue: How a resting order moves up in its level's queue.
        power: The exponent of the queue models that have one.
        maker_fee: Fraction of notional.
        taker_fee: Fraction of notional.
    """

    tick: float
    lot: float
    entry_ns: int
    response_ns: int
    queue: QueueModel
    latencies: NDArray[Any] | None = None
    power: float = 1.0
    maker_fee: float = 0.0
    taker_fee: float = 0.0


@contextmanager
def session(events: NDArray[Any], setting: Setting) -> Iterator[Any]:
    """Build a backtest over events, and free it afterwards.

    The book is upstream's hash map. Its vector over a range of prices is quicker, but
    reads outside of its memory when a price lies beyond the range, and does not clear
    the asks on a snapshot. Fills are whole: upstream's exchange with partial fills does
    not carry them to the position.

    Args:
        events: Checked rows of hftbacktest's event dtype. Upstream keeps their address,
            so they are held here until the session ends.
        setting: What to build.
    """
    events = _aligned(events)
    asset = (
        BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .tick_size(setting.tick)
        .lot_size(setting.lot)
        .no_partial_fill_exchange()
        .trading_value_fee_model(setting.maker_fee, setting.taker_fee)
    )
    if setting.latencies is None:
        asset.constant_order_latency(setting.entry_ns, setting.response_ns)
    else:
        asset.intp_order_latency(setting.latencies)
    _queue_set(asset, setting.queue, setting.power)
    backtest = HashMapMarketDepthBacktest([asset])
    try:
        yield backtest
    finally:
        backtest.close()


def _aligned(events: NDArray[Any]) -> NDArray[Any]:
    """Return the rows where upstream takes them to lie: at a multiple of their size."""
    size = events.itemsize
    if events.ctypes.data % size == 0 and events.flags.c_contiguous:
        return events
    room = np.empty(events.nbytes + size, dtype=np.uint8)
    begin = -room.ctypes.data % size
    placed = room[begin : begin + events.nbytes].view(events.dtype)
    placed[:] = events
    return placed


def _queue_set(asset: Any, queue: QueueModel, power: float) -> None:
    match queue:
        case QueueModel.RISK_ADVERSE:
            asset.risk_adverse_queue_model()
        case QueueModel.LOG_PROB:
            asset.log_prob_queue_model()
        case QueueModel.LOG_PROB_2:
            asset.log_prob_queue_model2()
        case QueueModel.SQUARE_PROB:
            # What upstream's first version called so: the power of 2.
            asset.power_prob_queue_model(2.0)
        case QueueModel.POWER_PROB:
            asset.power_prob_queue_model(power)
        case QueueModel.POWER_PROB_2:
            asset.power_prob_queue_model2(power)
        case QueueModel.POWER_PROB_3:
            asset.power_prob_queue_model3(power)

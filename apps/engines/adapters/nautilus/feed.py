"""From bars to the events that are played to NautilusTrader, in order of time.

A bar is stamped at its close, so that acting on one fills at that close. What is decided
at a close is to be done at the next open, so each open at which something may be done is
also a trade, 1 ns after the bar's open time; one more trade at the last close ends what
is still open there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from nautilus_trader.model.data import Bar, TradeTick
from nautilus_trader.model.enums import AggressorSide

from apps.engines.adapters.nautilus.config import BAR_TYPE, INSTRUMENT_ID, decimals_of
from apps.engines.adapters.nautilus.limits import VOLUME

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, BoolArray, FloatArray, IntArray, RunRequest

NOT_YET = -1
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Feed:
    """What is played.

    Attributes:
        events: Bars and trades, unsorted.
        opens: The bar at whose open each trade is, in order; at the end the number of
            bars, for the trade at the last close.
        closes: For each bar that is played, which of ours it ends; `NOT_YET` where it is
            only the first half of one.
    """

    events: list[Any]
    opens: list[int]
    closes: list[int]


def feed_of(request: RunRequest) -> Feed:
    """Return the events of a request, which has at least one bar."""
    bars, market = request.bars, request.market
    decimals = decimals_of(market.price_tick), decimals_of(market.quantity_step)
    prices, stamps, closes = _played(bars, holds_both(request))
    stamps = stamps.astype(np.uint64)
    volume = np.full(len(stamps), VOLUME)
    played = Bar.from_raw_arrays_to_list(
        BAR_TYPE, *decimals, *prices, volume, stamps, stamps
    )
    opens = np.flatnonzero(_acted_on(request))
    at = np.append(bars.time[opens], close_times(bars)[-1:]).astype(np.uint64) + 1
    trades = TradeTick.from_raw_arrays_to_list(
        INSTRUMENT_ID,
        *decimals,
        np.append(bars.open[opens], bars.close[-1]),
        np.full(len(at), VOLUME),
        np.full(len(at), AggressorSide.NO_AGGRESSOR, dtype=np.uint8),
        [str(number) for number in range(len(at))],
        at,
        at,
    )
    return Feed(played + trades, [*opens.tolist(), len(bars)], closes.tolist())


def holds_both(request: RunRequest) -> BoolArray:
    """Return in which bars a stop and a target may both lie, whatever the entry was."""
    bars, protection = request.bars, request.protection
    stop, target = protection.stop_loss, protection.take_profit
    if not target or not (stop or protection.trailing_stop):
        return np.zeros(len(bars), dtype=np.bool_)
    if protection.trailing_stop:
        # Such a stop comes as near to the target as it likes.
        return np.ones(len(bars), dtype=np.bool_)
    # The stop is rounded up by less than a tick, which brings it nearer to the target.
    apart = (1.0 + target) / (1.0 - (stop or 0.0)) * (1.0 - ROUNDING)
    found: BoolArray = (
        bars.high >= (bars.low - float(request.market.price_tick)) * apart
    )
    return found


def close_times(bars: Bars) -> IntArray:
    """Return when each bar is over, nanoseconds: never after the next one begins."""
    over = bars.time + bars.timeframe_ns
    over[:-1] = np.minimum(over[:-1], bars.time[1:])
    return over


def _acted_on(request: RunRequest) -> BoolArray:
    """Return at which opens something may be done."""
    if request.protection.trailing_stop:
        # A stop that the close has already passed can be put there only at the open.
        acted = np.ones(len(request.bars), dtype=np.bool_)
    else:
        acted = np.zeros(len(request.bars), dtype=np.bool_)
        acted[1:] = (request.signals.entry_long | request.signals.exit_long)[:-1]
    acted[:1] = False
    return acted


def _played(bars: Bars, both: BoolArray) -> tuple[list[FloatArray], IntArray, IntArray]:
    """Return prices, stamps and which bar each event ends.

    NautilusTrader plays a bar as open, high, low, close; the contract's path goes to the
    low first, where the stop is. A bar in which that matters is played in two halves,
    (o, o, l, l) and (l, h, l, c).
    """
    number = np.repeat(np.arange(len(bars)), 1 + both)
    first = both[number] & np.append(number[1:] == number[:-1], [False])
    second = both[number] & ~first
    open_, high, low, close = (
        one[number] for one in (bars.open, bars.high, bars.low, bars.close)
    )
    prices = [
        np.where(second, low, open_),
        np.where(first, open_, high),
        low,
        np.where(first, low, close),
    ]
    stamps = close_times(bars)[number] - first
    return prices, stamps, np.where(first, NOT_YET, number)

"""A request's options in the words of freqtrade's own users, for native runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.contracts import ExitReason, SizingKind
from apps.engines.errors import UnsupportedByEngine

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, IntArray, RunRequest, Trades

# freqtrade's own default: a hundredth of the wallet is never put in.
TRADABLE = 0.99
NS_PER_MS = 1_000_000
MINUTE_NS = 60_000_000_000
DAY_NS = 1_440 * MINUTE_NS
WEEK_NS = 7 * DAY_NS
FIRST_MONDAY_NS = 4 * DAY_NS  # the epoch was a Thursday
# freqtrade takes a start at the epoch itself for none. Made-up series that begin there
# are moved by three weeks, a multiple of every timeframe.
FROM_EPOCH_NS = 3 * WEEK_NS
_MINUTES = {
    **{"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30},
    **{"1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480, "12h": 720},
    **{"1d": 1_440, "3d": 4_320, "1w": 10_080},
}
TIMEFRAMES = {minutes * MINUTE_NS: name for name, minutes in _MINUTES.items()}


def timeframe_of(bars: Bars) -> str:
    """Return the bars' length in ccxt's notation.

    Raises:
        UnsupportedByEngine: freqtrade knows no such length.
    """
    if bars.timeframe_ns not in TIMEFRAMES:
        msg = (
            f"freqtrade has no timeframe of {bars.timeframe_ns / MINUTE_NS:g} minutes; "
            f"it has {', '.join(TIMEFRAMES.values())}."
        )
        raise UnsupportedByEngine(msg, attr="bars")
    return TIMEFRAMES[bars.timeframe_ns]


def time_ms_of(bars: Bars) -> IntArray:
    """Return open times on freqtrade's own raster, int64 milliseconds, n.

    It counts from midnight of the first day, and weeks from Monday; a bar elsewhere would
    lose its signals to the candle that it is put into.
    """
    if not len(bars):
        return np.zeros(0, dtype=np.int64)
    origin = bars.time[0] - bars.time[0] % DAY_NS
    if bars.timeframe_ns == WEEK_NS:
        origin = FIRST_MONDAY_NS
    on_raster = bars.time - (bars.time - origin) % bars.timeframe_ns
    if on_raster[0] <= 0:
        on_raster += (1 - on_raster[0] // FROM_EPOCH_NS) * FROM_EPOCH_NS
    found: IntArray = on_raster // NS_PER_MS
    return found


def sizing_of(request: RunRequest) -> dict[str, Any]:
    """Return the settings that say how much an entry buys.

    Raises:
        UnsupportedByEngine: freqtrade would refuse to start.
    """
    sizing, capital = request.sizing, request.capital
    if sizing.kind is SizingKind.PERCENT_OF_EQUITY:
        ratio = min(sizing.value, TRADABLE)
        return {"stake_amount": "unlimited", "tradable_balance_ratio": ratio}
    if sizing.kind is SizingKind.RISK_PER_TRADE:
        return {"stake_amount": "unlimited", "tradable_balance_ratio": TRADABLE}
    if sizing.value > capital * TRADABLE:
        msg = (
            f"freqtrade does not start with a stake of {sizing.value:g} out of "
            f"{capital:g}: it puts in no more than {TRADABLE:.0%} of its wallet. Lower "
            "the stake, or raise the capital."
        )
        raise UnsupportedByEngine(msg, attr="sizing.amount")
    return {"stake_amount": sizing.value, "tradable_balance_ratio": TRADABLE}


def protection_of(request: RunRequest) -> dict[str, Any]:
    """Return the settings of stop, target (its return on investment) and trailing stop."""
    protection = request.protection
    found: dict[str, Any] = {}
    if protection.take_profit:
        found["minimal_roi"] = {"0": protection.take_profit}
    if protection.stop_loss:
        found["stoploss"] = -protection.stop_loss
    if protection.trailing_stop:
        found["trailing_stop"] = True
        if protection.stop_loss:
            found["trailing_stop_positive"] = protection.trailing_stop
        else:
            found["stoploss"] = -protection.trailing_stop
    return found


def ignored_of(request: RunRequest) -> tuple[str, ...]:
    """Return the options that have no effect."""
    ignored = []
    if request.costs.slippage_rate:
        ignored.append("slippage")
    if request.sizing.kind is SizingKind.RISK_PER_TRADE:
        ignored.append("sizing.kind")
    return tuple(ignored)


def notes_of(request: RunRequest, trades: Trades, made_fills: int) -> tuple[str, ...]:
    """Say what freqtrade's defaults did.

    Args:
        request: What was run.
        trades: What came of it.
        made_fills: How many fills lie in candles that it made up.
    """
    protection, time = request.protection, time_ms_of(request.bars)
    length = request.bars.timeframe_ns // NS_PER_MS
    missing = int((time[-1] - time[0]) // length + 1 - len(time)) if len(time) else 0
    told = {
        f"freqtrade filled {missing} missing candles with flat ones of no volume and "
        f"traded on them; {made_fills} fills lie there, told of the bar before.": missing,
        "Its target is a return after fees, so it lies further off by both.": (
            protection.take_profit
        ),
        "Its stop fills at its level where a bar opens beyond it and trades back through "
        "it, and its target at its level wherever a bar opens.": (
            protection.stop_loss or protection.take_profit
        ),
        "Its trailing stop moves with a bar's high before it looks at the bar's low.": (
            protection.trailing_stop
        ),
        "It knows no risk per trade: each entry put in all of the wallet but a hundredth.": (
            request.sizing.kind is SizingKind.RISK_PER_TRADE
        ),
        "What was open at the end it closed at the last bar's open.": (
            trades.exit_reason == tuple(ExitReason).index(ExitReason.END_OF_DATA)
        ).any(),
    }
    return tuple(note for note, applies in told.items() if applies)

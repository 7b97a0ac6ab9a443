"""A list of trades from elsewhere, put onto the bars of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.analysis.parity.contracts import NOBODY, Participant
from apps.engines.contracts import ExitReason, Trades
from apps.engines.gaps import gaps_spanned

if TYPE_CHECKING:
    from apps.analysis.trade_lists.contracts import TradeList
    from apps.engines.contracts import Bars, BoolArray, FloatArray, IntArray

REASONS = [reason.value for reason in ExitReason]


def trades_onto(listed: TradeList, bars: Bars) -> Participant:
    """Return a list of trades as a side of a comparison.

    A time belongs to the bar that it lies in. Where it lies in none, in a hole of the
    series or beyond its ends, the trade is put to the nearest bar before and marked as
    misplaced.

    Args:
        listed: The trades, in order of entry.
        bars: The series, with one bar at least.
    """
    rows = listed.trades
    entry, entry_misplaced = _bars_of([row.entry_ns for row in rows], bars)
    leave, exit_misplaced = _bars_of([row.exit_ns for row in rows], bars)
    fees = _floats([row.fee for row in rows])
    trades = Trades(
        entry_bar=entry,
        exit_bar=leave,
        side=np.array([row.side for row in rows], dtype=np.int8),
        quantity=_floats([row.quantity for row in rows]),
        entry_price=_floats([row.entry_price for row in rows]),
        exit_price=_floats([row.exit_price for row in rows]),
        # The list says what both came to; only the sum is compared.
        entry_fee=fees,
        exit_fee=np.zeros(len(rows)),
        profit=_floats([row.profit for row in rows]),
        exit_reason=np.array(
            [REASONS.index(row.reason) if row.reason else NOBODY for row in rows],
            dtype=np.int8,
        ),
        gaps=gaps_spanned(bars, entry, leave),
    )
    return Participant(
        name="import", trades=trades, misplaced=entry_misplaced | exit_misplaced
    )


def _bars_of(times: list[int], bars: Bars) -> tuple[IntArray, BoolArray]:
    moments = np.array(times, dtype=np.int64)
    at = np.searchsorted(bars.time, moments, side="right") - 1
    index: IntArray = np.clip(at, 0, len(bars) - 1).astype(np.int64)
    inside = (moments >= bars.time[index]) & (
        moments < bars.time[index] + bars.timeframe_ns
    )
    return index, ~inside


def _floats(values: list[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)

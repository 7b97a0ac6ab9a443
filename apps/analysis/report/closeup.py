"""The bars around the first divergence at full resolution, for a picture of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.analysis.report.candles import SECOND_NS
from apps.analysis.report.columns import times, units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engines.contracts import Bars

# Bars around what is told, and what a phone can still show.
AROUND, WIDEST = 12, 120
BEFORE, AFTER = 40, 60


def closeup_of(
    divergence: Mapping[str, Any] | None, bars: Bars, decimals: int
) -> dict[str, Any] | None:
    """Return the bars around a divergence with both sides' trades.

    Args:
        divergence: As the parity report has it; None where there is none.
        bars: The series.
        decimals: Of the market's prices.
    """
    if divergence is None:
        return None
    first, last = window_of(divergence, len(bars))
    shown = slice(first, last + 1)
    return {
        "bar": divergence["bar"] - first,
        "at": int(bars.time[divergence["bar"]]) // SECOND_NS,
        "times": times(bars.time[shown]),
        **{
            name: units(getattr(bars, name)[shown], decimals).tolist()
            for name in ("open", "high", "low", "close")
        },
        "sides": [
            None if trade is None else _fills(trade, first, name)
            for name, trade in (
                (name, divergence["sides"].get(name))
                for name in (divergence["first"], divergence["second"])
            )
        ],
    }


def window_of(divergence: Mapping[str, Any], size: int) -> tuple[int, int]:
    """Return the first and the last bar of the picture."""
    told = [row["bar"] for row in divergence["bars"]] or [divergence["bar"]]
    first, last = min(told) - AROUND, max(told) + AROUND
    if last - first > WIDEST:
        first, last = divergence["bar"] - BEFORE, divergence["bar"] + AFTER
    return int(np.clip(first, 0, size - 1)), int(np.clip(last, 0, size - 1))


def _fills(trade: Mapping[str, Any], first: int, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "side": 1 if trade["side"] == "long" else -1,
        "entry": trade["entry_bar"] - first,
        "exit": trade["exit_bar"] - first,
        "entry_price": trade["entry_price"],
        "exit_price": trade["exit_price"],
        "reason": trade["exit_reason"],
        "profit": trade["profit"],
    }

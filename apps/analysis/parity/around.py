"""The place where two participants part first: the bars around it, from each side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.analysis.parity.compare import CAUSES
from apps.analysis.parity.contracts import NOBODY
from apps.analysis.parity.equality import pairs_compare
from apps.analysis.parity.telling import Teller, differing_of, moment_served

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Cause, Comparison, Ground, Participant
    from apps.engines.contracts import Bars

BEFORE, AFTER = 4, 3
# A position may be held for weeks; the bars in its middle tell nothing.
MOST_BARS = 40


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where two participants part first.

    Attributes:
        first: The first one's name.
        second: The second one's name.
        row: Which row of their matches it is.
        bar: The first bar on which they did not do the same.
        cause: Why.
        detail: Why, in a sentence.
        sides: The trade of each as plain values; None where it has none.
        bars: The bars around, as plain values, with what each side did on them.
    """

    first: str
    second: str
    row: int
    bar: int
    cause: Cause
    detail: str
    sides: dict[str, dict[str, Any] | None]
    bars: list[dict[str, Any]]


def divergence_find(
    comparison: Comparison, sides: tuple[Participant, Participant], ground: Ground
) -> Divergence | None:
    """Return where two participants part first, or None when they do not.

    Where some rows differ by more than the tolerance allows, the first of those counts:
    a rounded cent before it is not where they part.

    Args:
        comparison: The two compared.
        sides: The two, in the comparison's order.
        ground: What both stand on.
    """
    matches, bars = comparison.matches, ground.bars
    differing = np.flatnonzero(matches.cause != NOBODY)
    if not len(differing):
        return None
    beyond = np.flatnonzero((matches.cause != NOBODY) & ~matches.within)
    row = int((beyond if len(beyond) else differing)[0])
    index = (int(matches.first[row]), int(matches.second[row]))
    found = [
        _trade_plain(side, at, bars) if at != NOBODY else None
        for side, at in zip(sides, index, strict=True)
    ]
    touched = sorted(
        {trade[end] for trade in found if trade for end in ("entry_bar", "exit_bar")}
    )
    return Divergence(
        first=comparison.first,
        second=comparison.second,
        row=row,
        bar=_parting(sides, index, ground),
        cause=CAUSES[matches.cause[row]],
        detail=matches.detail[row],
        sides={side.name: trade for side, trade in zip(sides, found, strict=True)},
        bars=[_bar_plain(at, bars, sides, found) for at in _window(touched, len(bars))],
    )


def _parting(
    sides: tuple[Participant, Participant], index: tuple[int, int], ground: Ground
) -> int:
    """Return the first bar on which two trades, or one alone, are not the same."""
    there = [
        (side.trades, at) for side, at in zip(sides, index, strict=True) if at != NOBODY
    ]
    first_entry = min(int(trades.entry_bar[at]) for trades, at in there)
    if NOBODY in index:
        return first_entry
    rows = (np.array(index[:1]), np.array(index[1:]))
    equal = pairs_compare(sides[0].trades, sides[1].trades, rows, ground)
    differing = differing_of(equal, 0)
    if differing.entry or differing.quantity:
        return first_entry
    return min(int(trades.exit_bar[at]) for trades, at in there)


def _window(touched: list[int], size: int) -> list[int]:
    around: set[int] = set()
    for bar in touched:
        around |= set(range(max(bar - BEFORE, 0), min(bar + AFTER + 1, size)))
    first, last = touched[0], touched[-1]
    if last - first <= MOST_BARS:
        around |= set(range(first, last + 1))
    return sorted(around)


def _trade_plain(side: Participant, index: int, bars: Bars) -> dict[str, Any]:
    trade = Teller(side, bars).trade(index)
    return {
        "entry_bar": trade.entry_bar,
        "entry_time": moment_served(bars, trade.entry_bar),
        "exit_bar": trade.exit_bar,
        "exit_time": moment_served(bars, trade.exit_bar),
        "side": "long" if trade.side > 0 else "short",
        "quantity": trade.quantity,
        "entry_price": trade.entry_price,
        "exit_price": trade.exit_price,
        "fees": _known(trade.fee),
        "profit": _known(trade.profit),
        "exit_reason": trade.reason,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _bar_plain(
    at: int,
    bars: Bars,
    sides: tuple[Participant, Participant],
    found: list[dict[str, Any] | None],
) -> dict[str, Any]:
    return {
        "bar": at,
        "time": moment_served(bars, at),
        "open": float(bars.open[at]),
        "high": float(bars.high[at]),
        "low": float(bars.low[at]),
        "close": float(bars.close[at]),
        "volume": float(bars.volume[at]),
        "sides": {
            side.name: _doings(side, at, trade)
            for side, trade in zip(sides, found, strict=True)
        },
    }


def _doings(side: Participant, at: int, trade: dict[str, Any] | None) -> list[str]:
    """Return what a side did and wanted on one bar, as short words."""
    done: list[str] = []
    if trade and trade["entry_bar"] == at:
        done.append(f"enters {trade['side']} at {trade['entry_price']:.10g}")
    if trade and trade["exit_bar"] == at:
        why = trade["exit_reason"].replace("_", " ")
        done.append(f"leaves at {trade['exit_price']:.10g} ({why})")
    signals = side.signals
    if signals is not None:
        named = (
            ("wants to enter long", signals.entry_long),
            ("wants to leave long", signals.exit_long),
            ("wants to enter short", signals.entry_short),
            ("wants to leave short", signals.exit_short),
        )
        done += [words for words, flags in named if flags[at]]
    return done

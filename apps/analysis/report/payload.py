"""What the page's script draws, as JSON: candles, curves, trades, the first divergence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.analysis.report.candles import SECOND_NS
from apps.analysis.report.closeup import closeup_of
from apps.analysis.report.columns import (
    curve_decimals,
    decimals_of,
    optional,
    steps,
    times,
    units,
)
from apps.analysis.report.curves import capital_of, falls, same_curve
from apps.analysis.report.look import dashes_of, ink_of
from apps.analysis.report.markup import Html
from apps.engines.contracts import ExitReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.analysis.report.candles import Candles
    from apps.analysis.report.contenders import Contender
    from apps.engines.contracts import (
        Bars,
        FloatArray,
        IntArray,
        RunResult,
        Trades,
    )

# Of one engine, and of all distinct lists together, so that a page stays a page.
MOST_TRADES, MOST_TRADES_OF_ALL = 4_000, 10_000
DRAWDOWN_DECIMALS = 5
# Beyond the ticks of the market an engine's own prices have some digits more.
FINER = 3
# From such a ratio of highest to lowest price on, a linear scale hides the early years.
LOG_FROM = 5.0
REASONS = (*(reason.value for reason in ExitReason), "unknown")


def payload_make(
    *,
    bars: Bars,
    candles: Candles,
    contenders: Sequence[Contender],
    divergence: Mapping[str, Any] | None,
    quote: str,
) -> Html:
    """Return the JSON for the page's script, safe inside a script element."""
    decimals = decimals_of(bars.open, bars.high, bars.low, bars.close)
    found = {
        "quote": quote,
        "decimals": decimals,
        "width": candles.width_ns // SECOND_NS,
        # Whether each candle is one bar.
        "whole": len(candles) == len(bars),
        "log": _wide(bars),
        "times": times(candles.time),
        "candles": _prices(candles, decimals),
        **_engines(contenders, bars, candles, decimals),
        "reasons": REASONS,
        "closeup": closeup_of(divergence, bars, decimals),
    }
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    # No text can end the element or open a comment in it.
    return Html(text.replace("<", "\\u003c"))


def _engines(
    contenders: Sequence[Contender], bars: Bars, candles: Candles, decimals: int
) -> dict[str, Any]:
    curves, trades = _Shared(), _Shared()
    drawn = [(one, one.run) for one in contenders if one.run is not None]
    runs = [run for _, run in drawn]
    most = MOST_TRADES_OF_ALL // max(len({_trades_key(run) for run in runs}), 1)
    engines = [
        {
            "name": one.name,
            "ink": ink_of(one.position),
            "again": dashes_of(one.position) is not None,
            "curve": curves.add(_curve(_first_like(run, runs), candles)),
            "trades": trades.add(
                _trades(run.trades, bars, decimals, min(most, MOST_TRADES))
            ),
            "reasons": _reason_counts(run.trades),
        }
        for one, run in drawn
    ]
    return {"engines": engines, "curves": curves.kept, "trades": trades.kept}


class _Shared:
    """Things that engines have in common, kept once."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self._places: dict[str, int] = {}

    def add(self, thing: Any) -> int | None:
        """Keep a thing, if there is one, and return its place."""
        if thing is None:
            return None
        key = json.dumps(thing)
        if key not in self._places:
            self._places[key] = len(self.kept)
            self.kept.append(thing)
        return self._places[key]


def _first_like(run: RunResult, runs: Sequence[RunResult]) -> RunResult:
    """Return the first run whose curve a run's curve lies on: its own, as a rule."""
    return next((each for each in runs if same_curve(each, run)), run)


def _trades_key(run: RunResult) -> bytes:
    return run.trades.entry_bar.tobytes() + run.trades.profit.tobytes()


def _wide(bars: Bars) -> bool:
    lowest = float(bars.low.min())
    return lowest > 0 and float(bars.high.max()) > LOG_FROM * lowest


def _prices(candles: Candles, decimals: int) -> dict[str, list[int]]:
    first, highest, lowest, last = (
        units(values, decimals)
        for values in (candles.open, candles.high, candles.low, candles.close)
    )
    # Opens lie near the close before, highs and lows near the body: small numbers.
    return {
        "open": (first - np.concatenate(([0], last[:-1]))).tolist(),
        "high": (highest - np.maximum(first, last)).tolist(),
        "low": (np.minimum(first, last) - lowest).tolist(),
        "close": (last - first).tolist(),
    }


def _curve(run: RunResult, candles: Candles) -> dict[str, Any] | None:
    equity = run.equity
    if not len(equity):
        return None
    deepest = np.maximum.reduceat(falls(run), candles.start)
    decimals = curve_decimals(equity)
    return {
        "decimals": decimals,
        "capital": round(capital_of(run), decimals),
        "equity": steps(units(equity[candles.last], decimals)),
        "drawdown": steps(units(deepest, DRAWDOWN_DECIMALS)),
    }


def _trades(trades: Trades, bars: Bars, decimals: int, most: int) -> dict[str, Any]:
    kept = _heaviest(trades.profit, most)
    entry, leave = trades.entry_price[kept], trades.exit_price[kept]
    finer = max(decimals, decimals_of(entry, leave, most=decimals + FINER))
    profit = trades.profit[kept]
    cents = curve_decimals(np.nan_to_num(profit))
    opened = bars.time[trades.entry_bar[kept]] // SECOND_NS
    closed = bars.time[trades.exit_bar[kept]] // SECOND_NS
    reasons = trades.exit_reason[kept].astype(np.int64)
    return {
        "total": len(trades),
        "decimals": finer,
        "cents": cents,
        "entry": steps(opened),
        "held": (closed - opened).tolist(),
        "entry_price": steps(units(entry, finer)),
        "gained": units(leave - entry, finer).tolist(),
        "side": trades.side[kept].tolist(),
        "quantity": [float(f"{value:.6g}") for value in trades.quantity[kept].tolist()],
        "profit": optional(profit, cents),
        "reason": np.where(reasons < 0, len(ExitReason), reasons).tolist(),
    }


def _heaviest(profit: FloatArray, most: int) -> IntArray:
    """Return which trades are drawn: all, or those that moved equity most, in order."""
    if len(profit) <= most:
        return np.arange(len(profit), dtype=np.int64)
    weight = np.abs(np.nan_to_num(profit))
    chosen = np.argsort(-weight, kind="stable")[:most]
    ascending: IntArray = np.sort(chosen).astype(np.int64)
    return ascending


def _reason_counts(trades: Trades) -> list[int]:
    codes = trades.exit_reason.astype(np.int64)
    known = np.where(codes < 0, len(ExitReason), codes)
    counts: list[int] = np.bincount(known, minlength=len(REASONS)).tolist()
    return counts

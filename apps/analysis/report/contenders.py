"""Who takes part in a report: each participant with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engines.contracts import Bars, RunResult


IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Contender:
    """One participant.

    Attributes:
        name: How it is called.
        position: Its place among all; its colour and its line follow from it.
        run: What it made; None where it failed.
        measures: Its metrics by name; empty where there are none.
        told: What the parity report says of it; empty for a plain backtest.
    """

    name: str
    position: int
    run: RunResult | None
    measures: Mapping[str, float | None]
    told: Mapping[str, Any]

    @property
    def error(self) -> Mapping[str, Any] | None:
        """Why it has no result: code and detail; None where it has one."""
        error: Mapping[str, Any] | None = self.told.get("error")
        return error


def contenders_of(
    runs: Mapping[str, RunResult],
    metrics: Mapping[str, Mapping[str, float | None]],
    report: Mapping[str, Any] | None,
    mode: str,
) -> tuple[Contender, ...]:
    """Return all participants: the report's in its order, then runs it does not name.

    A native report also names the exact runs that its engines are held against; those
    are yardsticks, and no participants.

    Args:
        runs: Results by name.
        metrics: Measures by name.
        report: The parity report; None for a plain backtest.
        mode: Of the run, `exact` or `native`.
    """
    told = _told(report, mode) if report else {}
    names = list(dict.fromkeys((*told, *runs)))
    return tuple(
        Contender(
            name=name,
            position=position,
            run=runs.get(name),
            measures=metrics.get(name, {}),
            told=told.get(name, {}),
        )
        for position, name in enumerate(names)
    )


def _told(report: Mapping[str, Any], mode: str) -> dict[str, Mapping[str, Any]]:
    compared = {pair[side] for pair in report["pairs"] for side in ("first", "second")}
    chosen: dict[str, Mapping[str, Any]] = {}
    for one in report["participants"]:
        name, own = one["name"], one["mode"] in {mode, IMPORTED}
        if own or (name in compared and name not in chosen):
            chosen[name] = one
    return chosen


def yardsticks_of(report: Mapping[str, Any], mode: str) -> list[Mapping[str, Any]]:
    """Return the runs of a native report that only serve to hold others against."""
    return [
        one for one in report["participants"] if one["mode"] not in {mode, IMPORTED}
    ]


def runs_check(bars: Bars, runs: Mapping[str, RunResult]) -> None:
    """See that runs and bars belong together.

    Raises:
        ValueError: There are no bars, a curve is of another length or not finite, or a
            trade lies outside of the series.
    """
    if not len(bars):
        raise ValueError("bars are empty; a report is about at least one bar")
    for name, run in runs.items():
        equity, trades = run.equity, run.trades
        if len(equity) not in {0, len(bars)}:
            msg = (
                f"{name} has {len(equity)} values of equity for {len(bars)} bars; "
                "one per bar, or none at all"
            )
            raise ValueError(msg)
        wrong = np.flatnonzero(~np.isfinite(equity))
        if len(wrong):
            msg = (
                f"equity of {name} at bar {wrong[0]} is {equity[wrong[0]]}; every value "
                "must be finite, or the curve empty"
            )
            raise ValueError(msg)
        outside = (trades.entry_bar < 0) | (trades.exit_bar >= len(bars))
        if outside.any():
            at = int(np.flatnonzero(outside)[0])
            msg = (
                f"trade {at} of {name} is of bars {trades.entry_bar[at]} to "
                f"{trades.exit_bar[at]}; the series has {len(bars)}"
            )
            raise ValueError(msg)

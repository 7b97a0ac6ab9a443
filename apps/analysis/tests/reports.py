"""Small parity reports for tests, in the form in which they are stored."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.analysis.report import ReportHeading, report_render
from apps.analysis.tests.runs import bars_make, result_make
from apps.measures.summary import metrics_compute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import Bars, FloatArray, RunResult

HOUR_NS = 3_600_000_000_000
HEADING = ReportHeading(
    title="SMA cross",
    market="BTC/USDT 1h, binance",
    synthetic=False,
    strategy_hash="ab" * 32,
    strategy_version=3,
    mode="exact",
    capital="1000",
    fees="0.001",
    slippage="0",
    made=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    quote="USDT",
)
VOID = {"br", "hr", "img", "input", "link", "meta"}


def walk(count: int, start: float = 100.0, deviation: float = 0.01) -> FloatArray:
    """Return prices, or equity, that wander."""
    steps = np.random.default_rng(count).normal(0, deviation, count)
    return np.round(start * np.exp(np.cumsum(steps)), 2)


def run_make(
    count: int = 300, *, every: int = 7, seed: float = 0.0
) -> tuple[Bars, RunResult]:
    """Return bars and a run over them whose books are in order."""
    bars = bars_make(walk(count), timeframe_ns=HOUR_NS)
    rows = [
        (i, i + 3, float((-1) ** i) + seed, "signal")
        for i in range(1, count - 5, every)
    ]
    gained = np.zeros(count)
    for _, left, profit, _ in rows:
        gained[left] += profit
    return bars, result_make(1000 + np.cumsum(gained), trades=rows)


def participant(name: str, run: RunResult | None, **changes: Any) -> dict[str, Any]:
    """Return what a report says of one participant."""
    told: dict[str, Any] = {
        "name": name,
        "mode": "exact",
        "trades": None if run is None else len(run.trades),
        "profit": None if run is None else float(run.trades.profit.sum()),
        "error": None,
        "ignored": [],
        "notes": [],
    }
    return told | changes


def pair(first: str, second: str, count: int, differing: int = 0) -> dict[str, Any]:
    """Return what a report says of two participants with as many trades each."""
    looked_at = ("entries", "exits", "prices", "quantities", "fees", "profits")
    return {
        "first": first,
        "second": second,
        "verdict": "differ" if differing else "agree",
        "trades_first": count,
        "trades_second": count,
        "agreement": {"paired": count, **dict.fromkeys(looked_at, count - differing)},
        "only_first": 0,
        "only_second": 0,
        "causes": {"fill_price": differing} if differing else {},
        "profit_difference": -1.5 * differing,
    }


def divergence(first: str, second: str, bars: Bars) -> dict[str, Any]:
    """Return a first divergence on bar 8 of a series."""
    trade = {
        "entry_bar": 8,
        "entry_time": "2020-01-01T08:00:00.000000Z",
        "exit_bar": 11,
        "exit_time": "2020-01-01T11:00:00.000000Z",
        "side": "long",
        "quantity": 1.0,
        "entry_price": 12.0,
        "exit_price": 9.0,
        "fees": 2.0,
        "profit": 1.0,
        "exit_reason": "signal",
    }
    rows = [
        {
            "bar": at,
            "time": f"2020-01-01T{at:02}:00:00.000000Z",
            **{
                name: float(getattr(bars, name)[at])
                for name in ("open", "high", "low", "close", "volume")
            },
            "sides": {first: ["enters long at 12"] if at == 8 else [], second: []},
        }
        for at in range(4, 15)
    ]
    return {
        "first": first,
        "second": second,
        "row": 1,
        "bar": 8,
        "time": "2020-01-01T08:00:00.000000Z",
        "cause": "fill_price",
        "detail": f"{first} entered within bar 8 (2020-01-01T08:00Z) at 12",
        "sides": {first: trade, second: None},
        "bars": rows,
    }


def report_make(
    runs: dict[str, RunResult], bars: Bars, *, differing: int = 0
) -> dict[str, Any]:
    """Return a report in which the second participant differs from the first."""
    names = list(runs)
    count = len(runs[names[0]].trades)
    pairs = [
        pair(first, second, count, differing if second == names[1] else 0)
        for number, first in enumerate(names)
        for second in names[number + 1 :]
    ]
    return {
        "verdict": "differ" if differing else "agree",
        "participants": [participant(name, run) for name, run in runs.items()],
        "left_out": [],
        "pairs": pairs,
        "first_divergence": divergence(names[0], names[1], bars) if differing else None,
        "lessons": [],
    }


def lesson(engine: str) -> dict[str, Any]:
    """Return a lesson of two causes."""
    return {
        "engine": engine,
        "against": f"{engine} (exact)",
        "exact_trades": 42,
        "native_trades": 40,
        "exact_profit": 10.0,
        "native_profit": -5.0,
        "costs": [
            {"cause": "fee", "trades": 40, "profit": -20.0, "example": "other fees"},
            {"cause": "signal", "trades": 2, "profit": 5.0, "example": ""},
        ],
    }


def render(
    bars: Bars,
    runs: dict[str, RunResult],
    report: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Return the page of some runs."""
    return report_render(
        heading=replace(HEADING, **changes),
        bars=bars,
        runs=runs,
        metrics={
            name: metrics_compute(bars, run, 1000.0)
            for name, run in runs.items()
            if len(run.equity)
        },
        report=report,
    )


class Page(HTMLParser):
    """A page taken apart: its elements, its words, its scripts; strict on nesting."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(text)
        self.close()

    @property
    def words(self) -> str:
        """What can be read without scripts, on one line."""
        return re.sub(r"\s+", " ", " ".join(self.parts))

    def handle_starttag(self, tag: str, attrs: Sequence[Any]) -> None:
        """Note an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} says something twice"
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID and tag not in {"path", "line", "circle"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[Any]) -> None:
        """Note an element that closes itself, as those of a picture do."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """See that what was opened last is closed first."""
        if tag in {"path", "line", "circle"}:
            return
        assert self.open, f"{tag} is closed and was not opened"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect words and scripts."""
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.parts.append(data)


def payload(page: str) -> dict[str, Any]:
    """Return what the page's script is given."""
    found: dict[str, Any] = json.loads(Page(page).scripts[1])
    return found

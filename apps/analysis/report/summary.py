"""The top of the page: what was run, on what terms, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.analysis.report.candles import DAY_NS
from apps.analysis.report.markup import Html, tag
from apps.analysis.report.numbers import money, percent, plain, span_text
from apps.analysis.report.quality import quality_line
from apps.analysis.report.words import MODES, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.heading import ReportHeading
    from apps.engines.contracts import Bars

FIGURES = (
    ("total_return", "Total return"),
    ("max_drawdown", "Deepest drawdown"),
    ("sharpe", "Sharpe ratio"),
    ("trades", "Trades"),
    ("win_rate", "Trades won"),
)
HASH_SHOWN = 12
DAYS_PER_YEAR = 365.25


def title_section(heading: ReportHeading, *, parity: bool) -> Html:
    """Return the title with what was run."""
    kind = f"Parity report \N{MIDDLE DOT} {heading.mode}" if parity else "Backtest"
    return tag(
        "header",
        tag("p", tag("b", "Parallax"), f" {kind}", class_="kicker"),
        tag("h1", heading.title),
        tag("p", heading.market, class_="market"),
        tag(
            "p",
            tag("strong", "Synthetic candles."),
            " This market never was: its prices are made up, and no figure on this "
            "page says anything of a real one.",
            class_="synthetic",
        )
        if heading.synthetic
        else None,
    )


def figures_section(contenders: Sequence[Contender]) -> Html | None:
    """Return the figures to be seen first; where engines differ, from where to where."""
    measured = [one.measures for one in contenders if one.measures]
    if not measured:
        return None
    figures = [
        (title, span_text(name, [each.get(name) for each in measured]))
        for name, title in FIGURES
    ]
    held = next((each.get("buy_and_hold_return") for each in measured), None)
    figures.insert(1, ("Buy and hold", percent(held, signed=True)))
    ranges = any(" " in value for _, value in figures)
    return tag(
        "dl",
        *(
            tag("div", tag("dt", title), tag("dd", _nowrap(value)))
            for title, value in figures
        ),
        class_="figures ranges" if ranges else "figures",
    )


def _nowrap(value: str) -> Html:
    """Let a range break at its dots alone."""
    parts = value.split(" ")
    inside = [tag("span", part) for part in parts]
    return Html(" ".join(inside))


def facts_section(heading: ReportHeading, bars: Bars) -> Html:
    """Return the terms of the run."""
    first, last = (_day(bars, at) for at in (0, -1))
    span = int(bars.time[-1] - bars.time[0]) + bars.timeframe_ns
    years = span / DAY_NS / DAYS_PER_YEAR
    length = f"{years:.1f} years" if years >= 1 else f"{span / DAY_NS:.1f} days"
    gaps = int(np.count_nonzero(np.diff(bars.time) > bars.timeframe_ns))
    code = heading.strategy_hash
    facts: tuple[tuple[str, str | Html], ...] = (
        ("Period", f"{first} to {last}"),
        ("Bars", f"{len(bars):,} over {length}, {counted(gaps, 'gap')}"),
        *((("Data", line),) if (line := quality_line(heading)) else ()),
        ("Capital", _amount(heading.capital, heading.quote)),
        ("Fees", _rate(heading.fees)),
        ("Slippage", _rate(heading.slippage)),
        (
            "Mode",
            f"{heading.mode}: {MODES[heading.mode]}"
            if heading.mode in MODES
            else heading.mode,
        ),
        (
            "Strategy",
            tag(
                "span",
                f"version {heading.strategy_version}, ",
                tag("code", code[:HASH_SHOWN], title=code),
            ),
        ),
        ("Made", f"{heading.made:%Y-%m-%d %H:%M} UTC"),
    )
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts),
        class_="facts",
    )


def _amount(given: str, quote: str) -> str:
    """Return an amount for the eye where it is a bare number, else as it was given."""
    value = _number(given)
    return given if value is None else f"{money(value)} {quote}"


def _rate(given: str) -> str:
    value = _number(given)
    return given if value is None else f"{plain(100 * value)}% a fill"


def _number(given: str) -> float | None:
    try:
        return float(given)
    except ValueError:
        return None


def _day(bars: Bars, at: int) -> str:
    return str(np.datetime64(int(bars.time[at]), "ns").astype("datetime64[D]"))

"""The head of the page: what was run, and the table that is also the legend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.lines import Line2D

from apps.analysis.chart_theme import colour_of, stroke_of
from apps.measures.summary import metrics_compute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from apps.analysis.chart_theme import Theme
    from apps.engines.contracts import Bars, RunResult

NAME_LENGTH = 22
MIN_ROWS = 2
MARGIN_IN, ROW_IN, TABLE_TOP_IN = 0.35, 0.27, 0.42
TITLE_SIZE, SMALLEST_TITLE, TEXT_SIZE = 19.0, 14.0, 11.0
# Left edge of the swatches and right edges of the columns, inches from the page's right.
SWATCH_IN, NAME_IN = 6.55, 5.95
COLUMNS = (
    ("Return", "total_return", 3.35),
    ("Trades", "trades", 2.55),
    ("Sharpe", "sharpe", 1.7),
    ("Max drawdown", "max_drawdown", 0.35),
)
UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


class Style(NamedTuple):
    """How one piece of text is set."""

    colour: str
    size: float = TEXT_SIZE
    weight: str = "normal"
    align: str = "left"


def header_draw(
    figure: Figure,
    *,
    title: str,
    bars: Bars,
    runs: Mapping[str, RunResult],
    theme: Theme,
) -> float:
    """Draw the title and the table of engines along the top of the page.

    Args:
        figure: The page.
        title: The heading.
        bars: The series.
        runs: Each engine's result by its name.
        theme: The colours.

    Returns:
        The height that was used, inches from the top.
    """
    width, height = (float(each) for each in figure.get_size_inches())
    used = TABLE_TOP_IN + ROW_IN * (max(len(runs), MIN_ROWS) + 0.4)
    # Measured in inches from the lower left corner of the head.
    axes = figure.add_axes((0, 1 - used / height, 1, used / height))
    axes.set(xlim=(0, width), ylim=(0, used))
    axes.set_axis_off()
    style = Style(theme.text, TITLE_SIZE, "bold")
    _fit(
        _put(axes, MARGIN_IN, used - 0.52, title, style),
        width - SWATCH_IN - 2 * MARGIN_IN,
    )
    _put(axes, MARGIN_IN, used - 0.84, _subtitle(bars), Style(theme.quiet))
    top = used - TABLE_TOP_IN
    for heading, _, edge in COLUMNS:
        _put(axes, width - edge, top, heading, Style(theme.quiet, align="right"))
    _put(axes, width - NAME_IN, top, "Engine", Style(theme.quiet))
    rule = Line2D([width - SWATCH_IN, width - MARGIN_IN], [top - 0.09] * 2)
    rule.set(color=theme.grid, lw=1.0)
    axes.add_line(rule)
    for position, (engine, result) in enumerate(runs.items()):
        line = top - ROW_IN * (position + 1) - 0.03
        _row(axes, engine, _figures(bars, result), (line, position, len(runs)), theme)
    return used


def _row(
    axes: Axes,
    engine: str,
    figures: dict[str, str],
    place: tuple[float, int, int],
    theme: Theme,
) -> None:
    line, position, count = place
    right = axes.get_xlim()[1]
    stroke = stroke_of(position, count)
    swatch = Line2D([right - SWATCH_IN, right - NAME_IN - 0.14], [line + 0.06] * 2)
    swatch.set(color=colour_of(theme, position, count), lw=stroke.width)
    swatch.set_linestyle(stroke.dashes)
    axes.add_line(swatch)
    _put(axes, right - NAME_IN, line, _cut(engine, NAME_LENGTH), Style(theme.text))
    for _, name, edge in COLUMNS:
        _put(axes, right - edge, line, figures[name], Style(theme.text, align="right"))


def _figures(bars: Bars, result: RunResult) -> dict[str, str]:
    # No position can be open in the first bar, whose equity is therefore the capital.
    summary = metrics_compute(bars, result, float(result.equity[0]))
    growth, sharpe = summary["total_return"], summary["sharpe"]
    deepest = summary["max_drawdown"]
    shown = {
        "total_return": "n/a" if growth is None else f"{100 * growth:+,.2f}%",
        "trades": f"{len(result.trades):,}",
        "sharpe": "n/a" if sharpe is None else f"{sharpe:.2f}",
        "max_drawdown": "n/a" if deepest is None else f"{-100 * deepest:.2f}%",
    }
    return {name: text.replace("-", "\N{MINUS SIGN}") for name, text in shown.items()}


def _subtitle(bars: Bars) -> str:
    first, last = (
        np.datetime_as_string(np.datetime64(int(moment), "ns"), unit="D")
        for moment in (bars.time[0], bars.time[-1])
    )
    seconds = bars.timeframe_ns // 1_000_000_000
    unit, length = next(
        ((unit, size) for unit, size in UNITS if seconds % size == 0 and seconds),
        ("ns", 1),
    )
    frame = f"{seconds // length if seconds else bars.timeframe_ns}{unit}"
    return f"{first} to {last} UTC   ·   {frame} bars   ·   {len(bars):,} bars"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _fit(heading: Text, room_in: float) -> None:
    """Make a heading smaller, then shorter, until it ends before the table."""
    figure = heading.get_figure(root=True)
    room = room_in * figure.dpi if figure is not None else math.inf
    while (width := heading.get_window_extent().width) > room:
        size, text = float(heading.get_fontsize()), heading.get_text()
        if size > SMALLEST_TITLE:
            heading.set_fontsize(size - 1)
        else:
            heading.set_text(
                _cut(text, min(len(text) - 1, int(len(text) * room / width)))
            )


def _put(axes: Axes, x: float, y: float, text: str, style: Style) -> Text:
    return axes.text(
        x,
        y,
        text,
        color=style.colour,
        fontsize=style.size,
        fontweight=style.weight,
        ha=style.align,
        va="baseline",
        # A title such as "$BTC $ETH" is text, not a formula.
        parse_math=False,
    )

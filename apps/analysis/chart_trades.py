"""Entries and exits on the panel of the price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from apps.analysis.chart_theme import TICK_SIZE
from apps.measures.returns import DAY_NS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from apps.analysis.chart_theme import Theme
    from apps.engines.contracts import Bars, FloatArray, RunResult

LARGEST, SMALLEST = 46.0, 5.0
# Up to so many trades every marker is of full size; up to so many it is opaque.
SPARSE, READABLE = 60, 400
POINTS_PER_INCH = 72.0


def trades_draw(axes: Axes, bars: Bars, result: RunResult, theme: Theme) -> None:
    """Draw each trade as a line from its entry to its exit, with a marker at both.

    Entries stand off the price, longs below and shorts above it, so that an exit in the
    same bar does not hide them. Markers shrink and fade as there are more.

    Args:
        axes: The panel of the price.
        bars: The series.
        result: The run whose trades are drawn.
        theme: The colours.
    """
    trades, days = result.trades, bars.time / DAY_NS
    count = len(trades)
    if count == 0:
        return
    entry = np.column_stack((days[trades.entry_bar], trades.entry_price))
    leave = np.column_stack((days[trades.exit_bar], trades.exit_price))
    won = trades.profit > 0
    size = float(np.clip(LARGEST * (SPARSE / count) ** 0.5, SMALLEST, LARGEST))
    alpha = float(np.clip((READABLE / count) ** 0.5, 0.4, 0.95))
    colours = np.where(won, theme.gain, theme.loss)
    paths = LineCollection(
        list(np.stack((entry, leave), axis=1)),
        colors=colours.tolist(),
        linewidths=1.1,
        alpha=0.75 * alpha,
        zorder=3,
    )
    axes.add_collection(paths, autolim=False)
    for side, marker in ((1, "^"), (-1, "v")):
        style = _marker(marker, theme.text, alpha, theme, size)
        _points(axes, entry[trades.side == side], style, lower_by=side * size**0.5)
    for chosen, colour in ((won, theme.gain), (~won, theme.loss)):
        style = _marker("o", colour, alpha, theme, 0.7 * size)
        _points(axes, leave[chosen], style)
    _legend(axes, set(trades.side.tolist()), theme)


def _marker(shape: str, colour: str, alpha: float, theme: Theme, size: float) -> Line2D:
    line = Line2D([], [], marker=shape, ls="none", ms=size**0.5, color=colour)
    line.set(alpha=alpha, zorder=5, markeredgecolor=theme.page)
    line.set_markeredgewidth(0.5 if size > 2 * SMALLEST else 0.0)
    return line


def _points(
    axes: Axes, points: FloatArray, style: Line2D, *, lower_by: float = 0.0
) -> None:
    """Put one marker at each point, moved down by some points of print."""
    style.set_data(points[:, 0], points[:, 1])
    figure = axes.get_figure(root=True)
    if figure is not None:
        away = ScaledTranslation(0, -lower_by / POINTS_PER_INCH, figure.dpi_scale_trans)
        style.set_transform(axes.transData + away)
    axes.add_artist(style)


def _legend(axes: Axes, sides: set[int], theme: Theme) -> None:
    kinds = [("^", theme.text, "long entry")] if 1 in sides else []
    kinds += [("v", theme.text, "short entry")] if -1 in sides else []
    kinds += [
        ("o", theme.gain, "exit with profit"),
        ("o", theme.loss, "exit at a loss"),
    ]
    handles = [
        Line2D([], [], marker=marker, color=colour, ls="none", ms=6, mew=0, label=label)
        for marker, colour, label in kinds
    ]
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(handles),
        frameon=False,
        borderaxespad=0.1,
        handletextpad=0.2,
        columnspacing=1.4,
        fontsize=TICK_SIZE,
        labelcolor=theme.quiet,
    )

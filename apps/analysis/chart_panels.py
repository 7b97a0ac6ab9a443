"""The drawing itself, by matplotlib's objects and the Agg canvas; no pyplot.

Every artist is given its colours and sizes, because the alternative, `rcParams`, is
global to the process. Imported lazily by `chart`.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from apps.analysis.chart_header import header_draw
from apps.analysis.chart_series import band, decimate
from apps.analysis.chart_theme import LABEL_SIZE, TICK_SIZE, colour_of, stroke_of
from apps.analysis.chart_trades import trades_draw
from apps.measures.drawdown import drawdowns
from apps.measures.returns import DAY_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

    from apps.analysis.chart_theme import Theme
    from apps.engines.contracts import Bars, FloatArray, RunResult

WIDTH_IN, HEIGHT_IN, DPI = 16.0, 10.0, 120
LEFT_IN, RIGHT_IN, BOTTOM_IN, GAP_IN = 0.35, 0.95, 0.5, 0.42
PANEL_SHARES = (0.50, 0.31, 0.19)
LOG_SCALE_FROM = 4.0
ROUND_STEPS = (1, 2, 2.5, 5, 10)
# From ten millions on, an amount is wider than the margin.
LARGE_UNITS = ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e7, 1e6, "M"))
SMALLEST_PLAIN = 1e-6


def figure_draw(
    *, title: str, bars: Bars, runs: Mapping[str, RunResult], theme: Theme
) -> bytes:
    """Draw the whole page and return it as a PNG; see `chart.chart_render`."""
    figure = figure_make(title=title, bars=bars, runs=runs, theme=theme)
    png = BytesIO()
    # Without the library's version in the file, the same run gives the same bytes.
    figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return png.getvalue()


def figure_make(
    *, title: str, bars: Bars, runs: Mapping[str, RunResult], theme: Theme
) -> Figure:
    """Compose the page: the head, then price, equity and drawdown on one time axis."""
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor=theme.page)
    FigureCanvasAgg(figure)
    used = header_draw(figure, title=title, bars=bars, runs=runs, theme=theme)
    price, equity, drawdown = _panels(figure, top_in=HEIGHT_IN - used)
    first, result = next(iter(runs.items()))
    _price_draw(price, bars, theme)
    trades_draw(price, bars, result, theme)
    closes = (bars.time + bars.timeframe_ns) / DAY_NS
    _equity_draw(equity, closes, runs, theme)
    _drawdown_draw(drawdown, closes, runs, theme)
    labels = (f"Price, with the trades of {first}", "Equity", "Drawdown")
    for axes, label in zip((price, equity, drawdown), labels, strict=True):
        _frame(axes, label, theme)
    _time_axis(drawdown, bars, theme)
    for axes in (price, equity):
        axes.tick_params(labelbottom=False)
    return figure


def _panels(figure: Figure, *, top_in: float) -> tuple[Axes, Axes, Axes]:
    free = top_in - BOTTOM_IN - GAP_IN * len(PANEL_SHARES)
    left, width = LEFT_IN / WIDTH_IN, 1 - (LEFT_IN + RIGHT_IN) / WIDTH_IN
    made: list[Axes] = []
    top = top_in
    for share in PANEL_SHARES:
        height = share * free
        top -= GAP_IN + height
        box = (left, top / HEIGHT_IN, width, height / HEIGHT_IN)
        made.append(figure.add_axes(box, sharex=made[0] if made else None))
    return made[0], made[1], made[2]


def _price_draw(axes: Axes, bars: Bars, theme: Theme) -> None:
    days = bars.time / DAY_NS
    starts, low, high = band(bars.low, bars.high)
    axes.fill_between(
        days[starts], low, high, color=theme.price, alpha=0.18, linewidth=0, zorder=1
    )
    shown = decimate(bars.close)
    axes.plot(days[shown], bars.close[shown], color=theme.price, lw=0.9, zorder=2)
    _value_axis(axes, float(low.min()), float(high.max()), _price_text)


def _equity_draw(
    axes: Axes, closes: FloatArray, runs: Mapping[str, RunResult], theme: Theme
) -> None:
    curves = [result.equity for result in runs.values()]
    start = float(curves[0][0])
    axes.axhline(start, color=theme.quiet, lw=0.8, ls=(0, (2, 3)), zorder=1)
    _curves_draw(axes, closes, curves, theme)
    low = min(float(curve.min()) for curve in curves)
    high = max(float(curve.max()) for curve in curves)
    _value_axis(axes, low, high, _price_text)


def _drawdown_draw(
    axes: Axes, closes: FloatArray, runs: Mapping[str, RunResult], theme: Theme
) -> None:
    curves = [-drawdowns(result.equity) for result in runs.values()]
    shown = decimate(curves[0])
    axes.fill_between(
        closes[shown], curves[0][shown], 0, color=theme.loss, alpha=0.16, lw=0, zorder=1
    )
    _curves_draw(axes, closes, curves, theme, thinner=0.4)
    deepest = min(float(curve.min()) for curve in curves)
    axes.set_ylim(min(deepest * 1.08, -1e-4), 0.0)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=ROUND_STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _percent(value)))


def _curves_draw(
    axes: Axes,
    closes: FloatArray,
    curves: list[FloatArray],
    theme: Theme,
    *,
    thinner: float = 1.0,
) -> None:
    for position, curve in enumerate(curves):
        stroke = stroke_of(position, len(curves))
        shown = decimate(curve)
        axes.plot(
            closes[shown],
            curve[shown],
            color=colour_of(theme, position, len(curves)),
            lw=stroke.width * thinner,
            ls=stroke.dashes,
            solid_joinstyle="round",
            zorder=3 + position,
        )


def _value_axis(
    axes: Axes, low: float, high: float, text: Callable[[float], str]
) -> None:
    """Scale an axis of prices: by ratios where they span a multiple."""
    if low > 0 and high / low >= LOG_SCALE_FROM:
        axes.set_yscale("log")
        margin = (high / low) ** 0.04
        axes.set_ylim(low / margin, high * margin)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        margin = 0.06 * (high - low) or 0.01 * abs(high) or 1.0
        axes.set_ylim(low - margin, high + margin)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=ROUND_STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


def _frame(axes: Axes, label: str, theme: Theme) -> None:
    axes.set_facecolor(theme.page)
    axes.grid(visible=True, color=theme.grid, lw=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.tick_right()
    axes.tick_params(
        colors=theme.quiet, labelsize=TICK_SIZE, length=0, pad=6, which="both"
    )
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(theme.grid)
    heading = axes.set_title(
        label, loc="left", fontsize=LABEL_SIZE, color=theme.text, pad=6, weight="bold"
    )
    # An engine's name is text, whatever signs are in it.
    heading.set_parse_math(False)


def _time_axis(axes: Axes, bars: Bars, theme: Theme) -> None:
    # matplotlib.dates has no types.
    locator = AutoDateLocator(minticks=6, maxticks=14)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    )
    first, last = bars.time[0], bars.time[-1] + bars.timeframe_ns
    room = 0.008 * (last - first)
    axes.set_xlim((first - room) / DAY_NS, (last + room) / DAY_NS)
    axes.xaxis.get_offset_text().set(color=theme.quiet, fontsize=TICK_SIZE)


def _price_text(value: float) -> str:
    """Write an amount in at most some nine signs: 1.05B, 64,500, 0.0000115."""
    size = abs(value)
    for start, unit, sign in LARGE_UNITS:
        if size >= start:
            text = f"{value / unit:.5g}{sign}"
            break
    else:
        if size >= 100:  # noqa: PLR2004
            text = f"{value:,.0f}"
        elif size >= SMALLEST_PLAIN:
            text = np.format_float_positional(
                value, precision=5, unique=False, fractional=False, trim="-"
            )
        else:
            text = f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _percent(value: float) -> str:
    return f"{100 * value:.3g}%".replace("-", "\N{MINUS SIGN}")

"""A run as a picture: price with its trades, equity and drawdown of every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from apps.analysis.chart_theme import THEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engines.contracts import Bars, RunResult

MIN_BARS = 2


def chart_render(
    *,
    title: str,
    bars: Bars,
    runs: Mapping[str, RunResult],
    theme: Literal["light", "dark"],
) -> bytes:
    """Draw one strategy's runs on one series as a PNG of 1920 by 1200 pixels.

    Three panels share the time: price with the entries and exits of the first engine,
    the equity of every engine, the drawdown of every engine. A table names each
    engine's return, trades, Sharpe ratio and maximum drawdown. The same arguments give
    the same bytes. matplotlib is loaded at the first call, and nothing global of it is
    touched; call this in a job's child process only.

    Args:
        title: The heading; cut where it is longer than the page.
        bars: The series, at least two bars.
        runs: Each engine's result by its name, in the order to be drawn; at least one.
        theme: `light` or `dark`.

    Raises:
        ValueError: The theme is unknown, there is nothing to draw, or a run's equity is
            not as long as the bars or does not start above zero.

    Returns:
        The PNG file.
    """
    _check(bars, runs, theme)
    # matplotlib takes 30 MB and half a second: a web process must not load it.
    from apps.analysis.chart_panels import figure_draw  # noqa: PLC0415

    return figure_draw(title=title, bars=bars, runs=runs, theme=THEMES[theme])


def _check(bars: Bars, runs: Mapping[str, RunResult], theme: str) -> None:
    if theme not in THEMES:
        message = f"theme is {theme!r}; it is one of {', '.join(sorted(THEMES))}"
        raise ValueError(message)
    if len(bars) < MIN_BARS or not runs:
        message = (
            f"{len(bars)} bars and {len(runs)} runs; a chart needs at least "
            f"{MIN_BARS} bars and one run"
        )
        raise ValueError(message)
    for engine, result in runs.items():
        if len(result.equity) != len(bars):
            message = f"{engine} has {len(result.equity)} values of equity"
            raise ValueError(f"{message} for {len(bars)} bars; one per bar")
        if not result.equity[0] > 0:
            message = f"equity of {engine} starts at {result.equity[0]}, not above 0"
            raise ValueError(message)

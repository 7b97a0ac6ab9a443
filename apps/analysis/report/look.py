"""Colours of the page, for a light and a dark one, as CSS variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.chart_theme import THEMES
from apps.analysis.report.markup import tag

if TYPE_CHECKING:
    from apps.analysis.report.markup import Html

PALETTE = len(THEMES["light"].engines)
# From the sixth engine on, colours come again, on broken lines.
AGAIN = "3 4"

# Reasons of exits and the degrees of a verdict. A shape or a word goes with each, so
# that no colour has to be told from another.
EXTRA = {
    "light": {
        # A chart for print has a pale bed for its first curve; here it is a line.
        "engine-0": "#0072b2",
        "raised": "#f5f7f9",
        "amber": "#8a5a00",
        "reason-signal": "#1f6fb8",
        "reason-stop_loss": "#c23b00",
        "reason-take_profit": "#00795a",
        "reason-trailing_stop": "#8a4aa5",
        "reason-end_of_data": "#66717f",
        "reason-unknown": "#66717f",
    },
    "dark": {
        "engine-0": "#56b4e9",
        "raised": "#161d26",
        "amber": "#e5b04b",
        "reason-signal": "#6cb4f5",
        "reason-stop_loss": "#ff8e5e",
        "reason-take_profit": "#43d6a8",
        "reason-trailing_stop": "#d99be8",
        "reason-end_of_data": "#8d99a8",
        "reason-unknown": "#8d99a8",
    },
}


def variables(name: str) -> str:
    """Return the CSS declarations of one theme, `light` or `dark`."""
    theme = THEMES[name]
    colours = {
        "page": theme.page,
        "text": theme.text,
        "quiet": theme.quiet,
        "grid": theme.grid,
        "price": theme.price,
        "gain": theme.gain,
        "loss": theme.loss,
        **{f"engine-{i}": colour for i, colour in enumerate(theme.engines)},
        **EXTRA[name],
    }
    return f"color-scheme: {name};" + "".join(
        f"--{key}:{value};" for key, value in colours.items()
    )


def ink_of(position: int) -> int:
    """Return which colour the participant at `position` has."""
    return position % PALETTE


def dashes_of(position: int) -> str | None:
    """Return the dashes of its line, in SVG's form; None for a solid line."""
    return None if position < PALETTE else AGAIN


def swatch(position: int) -> Html:
    """Return a sample of a participant's line."""
    line = tag(
        "line",
        x1=1,
        x2=23,
        y1=6,
        y2=6,
        stroke=f"var(--engine-{ink_of(position)})",
        stroke_width=4,
        stroke_dasharray=dashes_of(position),
    )
    return tag("svg", line, class_="swatch", viewBox="0 0 24 12", aria_hidden="true")

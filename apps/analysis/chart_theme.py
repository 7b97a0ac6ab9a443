"""Colours and strokes of a chart, for a light and a dark page."""

from __future__ import annotations

from dataclasses import dataclass

# Of the panels, in points.
LABEL_SIZE, TICK_SIZE = 10.5, 10.0

type Dashes = tuple[float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one look, as `#rrggbb`.

    Attributes:
        page: Behind everything.
        text: Titles and figures.
        quiet: Axis labels and remarks.
        grid: Grid lines and frames.
        price: The line of closes.
        gain: Exits with a profit.
        loss: Exits with a loss, and drawdown.
        engines: One colour per engine, from a palette that colour-blind eyes can tell
            apart (Okabe and Ito, 2008), taken in order and then again.
    """

    page: str
    text: str
    quiet: str
    grid: str
    price: str
    gain: str
    loss: str
    engines: tuple[str, ...]


THEMES = {
    "light": Theme(
        page="#ffffff",
        text="#18212b",
        quiet="#66717f",
        grid="#e7eaee",
        price="#3f4d5c",
        gain="#0a8f68",
        loss="#cf3f35",
        engines=("#8fbfe0", "#d55e00", "#00795a", "#7a3f8f", "#18212b"),
    ),
    "dark": Theme(
        page="#10151c",
        text="#e6ebf2",
        quiet="#8d99a8",
        grid="#212a35",
        price="#b4c0ce",
        gain="#2fc795",
        loss="#f2695f",
        engines=("#2f6f9f", "#f0923c", "#43d6a8", "#d99be8", "#f4f6f9"),
    ),
}


@dataclass(frozen=True, slots=True)
class Stroke:
    """How one curve is drawn.

    Attributes:
        width: Points.
        dashes: Offset and lengths of strokes and gaps, in line widths; no lengths for
            a solid line.
    """

    width: float
    dashes: Dashes


# Equal curves lie on each other: the first is a broad bed, each next one narrower and
# more broken, so that all of those below still show.
STROKES = (
    Stroke(6.0, (0.0, ())),
    Stroke(3.4, (0.0, ())),
    Stroke(1.9, (0.0, (5.0, 4.0))),
    Stroke(1.9, (6.0, (1.8, 2.7))),
    Stroke(0.8, (0.0, ())),
)


def stroke_of(position: int, count: int) -> Stroke:
    """Return the stroke of the curve at `position` of `count`; a lone one is plain."""
    return Stroke(2.0, (0.0, ())) if count == 1 else STROKES[position % len(STROKES)]


def colour_of(theme: Theme, position: int, count: int) -> str:
    """Return the colour of the curve at `position` of `count`."""
    # The first colour is pale, to lie under others; alone it would be too faint.
    return theme.engines[1 if count == 1 else position % len(theme.engines)]

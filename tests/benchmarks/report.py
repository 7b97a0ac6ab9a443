"""What a benchmark found, as a table for people or as lines for the one who runs all."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

AS_LINES = "--lines"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        what: What was measured.
        value: The figure, with its unit.
        against: What it was measured against, with its own figure; empty for none.
        ratio: The two as a ratio; empty where there is none.
        target: What the figure or its ratio should be; empty where none is set.
        met: Whether it is; None without a target.
    """

    what: str
    value: str
    against: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None


def report(title: str, measure: Callable[[], list[Figure]]) -> None:
    """Measure, and print what was found.

    Args:
        title: What the benchmark is about.
        measure: Does it.
    """
    figures = measure()
    if AS_LINES in sys.argv[1:]:
        for figure in figures:
            print(AS_LINES, json.dumps(asdict(figure)))
        return
    table_print({title: figures})


def figures_read(lines: Iterable[str]) -> list[Figure]:
    """Return the figures among the lines that a benchmark printed."""
    return [
        Figure(**json.loads(line.removeprefix(AS_LINES)))
        for line in lines
        if line.startswith(AS_LINES)
    ]


def table_print(found: dict[str, list[Figure]]) -> None:
    """Print the figures of several benchmarks, by title, as one table."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table()
    for heading in ("", "figure", "against", "ratio", "target", "met"):
        left = heading in {"", "against"}
        table.add_column(heading, justify="left" if left else "right")
    for title, figures in found.items():
        table.add_section()
        table.add_row(f"[bold]{title}[/bold]")
        for one in figures:
            met = {None: "", True: "yes", False: "[red]no[/red]"}[one.met]
            table.add_row(one.what, one.value, one.against, one.ratio, one.target, met)
    console.print(table)


def milliseconds(seconds: float) -> str:
    """Return a time as people read it: 7.3 ms, 310 ms."""
    figure = seconds * 1_000
    return f"{figure:.1f} ms" if figure < 100 else f"{figure:,.0f} ms"

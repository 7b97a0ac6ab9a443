"""The legend of the curves: whose is whose, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.report.curves import falls, same_curve
from apps.analysis.report.look import swatch
from apps.analysis.report.markup import Html, tag
from apps.analysis.report.numbers import money, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.analysis.report.contenders import Contender


def legend(drawn: Sequence[Contender]) -> Html:
    """Return what each engine's curve is at the last bar; the script moves the bar."""
    heads = ("", "Equity", "Drawdown", "Trades")
    return tag(
        "div",
        tag(
            "table",
            tag(
                "caption",
                tag("span", "At the last bar", id="legend-at"),
                class_="legend-at",
            ),
            tag(
                "thead",
                tag("tr", *(tag("th", head, scope="col") for head in heads)),
            ),
            tag(
                "tbody",
                *(_row(number, one, drawn) for number, one in enumerate(drawn)),
            ),
            class_="legend",
        ),
        class_="scroll",
    )


def _row(number: int, one: Contender, drawn: Sequence[Contender]) -> Html:
    run = one.run
    if run is None:
        return Html()
    curve = len(run.equity) > 0
    twin = twin_of(one, drawn)
    box = tag(
        "input",
        type="checkbox",
        checked=True,
        class_="needs-script",
        data_curve=number,
        aria_label=f"Draw the equity of {one.name}",
    )
    return tag(
        "tr",
        tag(
            "th",
            tag(
                "label",
                box if curve else None,
                swatch(one.position) if curve else None,
                tag("span", one.name),
            ),
            tag("small", f"lies on {twin}") if twin else None,
            tag("small", "no curve: only its trades are known") if not curve else None,
            scope="row",
        ),
        tag("td", money(float(run.equity[-1]) if curve else None), data_equity=number),
        tag(
            "td",
            percent(float(falls(run)[-1]) if curve else None),
            data_drawdown=number,
        ),
        tag("td", f"{len(run.trades):,}"),
    )


def twin_of(one: Contender, drawn: Sequence[Contender]) -> str | None:
    """Return the first engine before this one that has the same curve."""
    if one.run is None:
        return None
    for other in drawn:
        if other is one:
            return None
        if other.run is not None and same_curve(one.run, other.run):
            return other.name
    return None

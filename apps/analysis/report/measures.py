"""The measures of every engine, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.report.look import swatch
from apps.analysis.report.markup import join, scrolling, tag
from apps.analysis.report.numbers import NONE, measure
from apps.measures.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.markup import Html
    from apps.measures.spec import MetricSpec


HEADLINE = (
    *("total_return", "net_profit", "buy_and_hold_return", "cagr", "sharpe"),
    *("sortino", "max_drawdown", "max_drawdown_days", "trades", "win_rate"),
    *("profit_factor", "exposure", "fees_paid"),
)


def measures_section(contenders: Sequence[Contender], quote: str) -> Html:
    """Return the table of measures, the rest of it folded away, and what they mean."""
    by_name = {spec.name: spec for spec in CATALOGUE}
    headline = [by_name[name] for name in HEADLINE]
    others = [spec for spec in CATALOGUE if spec.name not in HEADLINE]
    measured = [one for one in contenders if one.measures]
    absent = [one.name for one in contenders if not one.measures]
    return tag(
        "section",
        tag("h2", "Figures", id="figures"),
        _table(headline, measured, "Headline measures by engine"),
        tag(
            "p",
            f"Amounts are in {quote}. ",
            "A figure that is not the first column's is marked. "
            if len(measured) > 1
            else None,
            f"Without figures: {', '.join(absent)}." if absent else None,
            class_="note",
        ),
        tag(
            "details",
            tag("summary", "All other measures, and how each is computed"),
            _table(others, measured, "Other measures by engine"),
            tag(
                "dl",
                *(_meaning(spec) for spec in CATALOGUE),
                class_="meanings",
            ),
        ),
        aria_labelledby="figures",
    )


def _table(specs: list[MetricSpec], measured: list[Contender], caption: str) -> Html:
    heads = [
        tag("th", swatch(one.position), tag("span", one.name), scope="col")
        for one in measured
    ]
    rows = [
        tag(
            "tr",
            tag("th", spec.title, scope="row", title=spec.description),
            *_cells(spec, measured),
        )
        for spec in specs
    ]
    table = tag(
        "table",
        tag("caption", caption, class_="hidden"),
        tag("thead", tag("tr", tag("td"), *heads)),
        tag("tbody", *rows),
        class_="measures" if len(measured) > 1 else "measures lone",
    )
    return scrolling(caption, table)


def _cells(spec: MetricSpec, measured: list[Contender]) -> list[Html]:
    texts = [measure(spec.name, one.measures.get(spec.name)) for one in measured]
    return [
        tag(
            "td",
            text,
            class_="other" if text != texts[0] else "none" if text == NONE else None,
        )
        for text in texts
    ]


def _meaning(spec: MetricSpec) -> Html:
    return tag(
        "div",
        tag("dt", spec.title),
        tag(
            "dd",
            join((spec.description, tag("code", spec.formula)), " "),
            tag("span", spec.source, class_="source"),
        ),
    )

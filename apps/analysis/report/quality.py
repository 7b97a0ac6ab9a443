"""How good the bars of a run are: one line, and what is odd about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.report.markup import tag
from apps.market.quality.telling import line_tell

if TYPE_CHECKING:
    from apps.analysis.report.heading import ReportHeading
    from apps.analysis.report.markup import Html


def quality_line(heading: ReportHeading) -> str | None:
    """Return the bars' verdict and measures in one line; None where nobody looked."""
    if heading.quality is None:
        return None
    return f"{heading.quality['verdict']}: {line_tell(heading.quality['report'])}"


def quality_section(heading: ReportHeading) -> Html | None:
    """Return what is odd about the bars, and whether they were accepted nevertheless."""
    quality = heading.quality
    if quality is None:
        return None
    findings = [str(one) for one in quality["report"]["findings"]]
    below = [str(one) for one in quality["below"]]
    if not findings and not below:
        return None
    return tag(
        "section",
        tag(
            "div",
            tag("strong", "Below the threshold, and accepted."),
            *(tag("p", one) for one in below),
            class_="synthetic",
        )
        if below
        else None,
        tag("h2", "What is odd about the candles", id="data"),
        tag("ul", *(tag("li", one) for one in findings), class_="note"),
        aria_labelledby="data",
    )

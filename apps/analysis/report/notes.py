"""What a reader must know besides the figures: who took part, who not, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.analysis.report.contenders import yardsticks_of
from apps.analysis.report.look import swatch
from apps.analysis.report.markup import tag
from apps.analysis.report.numbers import money
from apps.analysis.report.words import counted, listed, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.heading import ReportHeading
    from apps.analysis.report.markup import Html


def notes_section(
    contenders: Sequence[Contender],
    report: Mapping[str, Any] | None,
    heading: ReportHeading,
) -> Html:
    """Return each participant's own remarks, and who was left out and why."""
    left_out = report["left_out"] if report else ()
    yardsticks = yardsticks_of(report, heading.mode) if report else ()
    return tag(
        "section",
        tag("h2", "Who took part" if report else "Engines", id="notes"),
        tag(
            "ul",
            *(_participant(one) for one in contenders),
            *(
                tag(
                    "li",
                    tag("h3", str(one["engine"])),
                    tag("p", f"Left out: {one['reason']}"),
                    class_="absent",
                )
                for one in left_out
            ),
            class_="notes",
        ),
        _yardsticks(yardsticks, heading.quote) if yardsticks else None,
        aria_labelledby="notes",
    )


def _participant(one: Contender) -> Html:
    run, told = one.run, one.told
    ignored = list(told.get("ignored") or (run.ignored if run else ()))
    said_by_it = list(told.get("notes") or (run.notes if run else ()))
    lines = list(said_by_it)
    if one.error:
        lines.insert(0, f"Failed: {one.error['detail']}")
    if ignored:
        options = listed([said(name) for name in ignored])
        lines.append(f"Had no effect on it: {options}.")
    if run is not None:
        lines.extend(_skipped(run.skipped.insufficient_cash, run.skipped.below_minimum))
    versions = ", ".join(
        f"{name} {is_}" for name, is_ in (run.versions if run else {}).items()
    )
    mode = told.get("mode")
    return tag(
        "li",
        tag(
            "h3",
            swatch(one.position),
            tag("span", one.name),
            tag("small", str(mode)) if mode else None,
        ),
        *(tag("p", line) for line in lines),
        tag("p", versions, class_="versions") if versions else None,
        class_="failed" if one.error else None,
    )


def _yardsticks(yardsticks: Sequence[Mapping[str, Any]], quote: str) -> Html:
    """Tell the exact runs that native ones are held against."""
    return tag(
        "p",
        "By the fill contract, for comparison: ",
        "; ".join(
            f"{one['name']} failed: {one['error']['detail']}"
            if one["error"]
            else f"{one['name']} made {counted(one['trades'] or 0, 'trade')} and "
            f"{money(one['profit'], signed=True)} {quote}"
            for one in yardsticks
        ),
        ".",
        class_="note",
    )


def _skipped(cash: int, small: int) -> list[str]:
    lines = []
    if cash:
        lines.append(f"{counted(cash, 'entry', 'entries')} not taken for want of cash.")
    if small:
        words = counted(small, "entry", "entries")
        lines.append(f"{words} not taken, being below the instrument's minimum.")
    return lines


def footer(heading: ReportHeading) -> Html:
    """Return the last lines of the page."""
    return tag(
        "footer",
        tag(
            "p",
            "Parallax. This page holds all it shows, and asks nothing of any network. ",
            "A backtest is no promise.",
        ),
        tag("p", "Strategy ", tag("code", heading.strategy_hash)),
    )

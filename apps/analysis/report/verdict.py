"""The verdict of a parity run: a mark, a word, and a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from apps.analysis.report.look import dashes_of, ink_of
from apps.analysis.report.markup import Html, join, moment_tag, tag
from apps.analysis.report.words import SIGNS, VERDICTS, counted, listed, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.analysis.report.contenders import Contender

RADIUS, APART = 30, 26


def verdict_section(report: Mapping[str, Any], contenders: Sequence[Contender]) -> Html:
    """Return the verdict as the first thing to be seen.

    Args:
        report: The parity report.
        contenders: All who took part.
    """
    verdict = str(report["verdict"])
    failed = [one for one in contenders if one.error]
    return tag(
        "section",
        _mark(report, contenders),
        tag(
            "div",
            tag("h2", _word(report, contenders), id="verdict"),
            tag("p", _sentence(report, contenders), class_="sentence"),
            *(
                tag(
                    "p",
                    tag("strong", one.name),
                    f" has no result: {one.error['detail']} ",
                    tag("code", one.error["code"]),
                    class_="failed",
                )
                for one in failed
                if one.error
            ),
        ),
        class_=f"verdict {verdict}",
        aria_labelledby="verdict",
    )


def _word(report: Mapping[str, Any], contenders: Sequence[Contender]) -> Html:
    if not report["pairs"]:
        return Html("Nothing to compare")
    verdict = str(report["verdict"])
    count = sum(one.error is None for one in contenders)
    sign = tag("span", SIGNS[verdict], class_="sign", aria_hidden="true")
    if verdict == "differ":
        return join((sign, "They differ"), " ")
    who = "Both" if count == 2 else f"All {count}"  # noqa: PLR2004
    return join((sign, f"{who} {VERDICTS[verdict]}"), " ")


def _sentence(report: Mapping[str, Any], contenders: Sequence[Contender]) -> Html:
    present = [one for one in contenders if one.error is None]
    names = listed([one.name for one in present])
    if not report["pairs"]:
        return join((f"Only {names or 'nobody'} has a result.",))
    counts = sorted({int(one.told.get("trades") or 0) for one in present})
    match str(report["verdict"]):
        case "agree":
            words = (
                f"{names} made the same {counted(counts[-1], 'trade')}: every entry, "
                "exit, price, quantity and profit is equal."
                if counts[-1]
                else f"{names} made no trade at all."
            )
            return join((words,))
        case "agree_within_tolerance":
            return join(
                (
                    f"{names} made {counted(counts[-1], 'trade')} on the same bars; "
                    "prices, quantities and profits are no further apart than allowed. ",
                    tag("a", "Where they first do", href="#divergence")
                    if report["first_divergence"]
                    else None,
                    "." if report["first_divergence"] else None,
                )
            )
    return _first(report["first_divergence"], counts)


def _first(divergence: Mapping[str, Any] | None, counts: list[int]) -> Html:
    made = f"{counts[0]:,} to {counts[-1]:,} trades. "
    if counts[0] == counts[-1]:
        made = f"{counted(counts[0], 'trade')} each. "
    if divergence is None:
        return join((made,))
    rows = divergence["bars"]
    moment = next(
        (row["time"] for row in rows if row["bar"] == divergence["bar"]), None
    )
    return join(
        (
            made,
            f"{divergence['first']} and {divergence['second']} are the first to part, ",
            join(("on ", moment_tag(moment), " UTC")) if moment else "at the start",
            ": ",
            tag("a", said(str(divergence["cause"])), href="#divergence"),
            ".",
        )
    )


def groups_of(
    report: Mapping[str, Any], contenders: Sequence[Contender]
) -> list[list[Contender]]:
    """Return participants in groups, of which each agrees exactly with one of its own."""
    groups: list[list[Contender]] = []
    agreeing = {
        frozenset((pair["first"], pair["second"]))
        for pair in report["pairs"]
        if pair["verdict"] == "agree"
    }
    for one in contenders:
        if one.error:
            continue
        akin = [
            group
            for group in groups
            if any({one.name, other.name} in agreeing for other in group)
        ]
        for group in akin:
            groups.remove(group)
        groups.append([*(each for group in akin for each in group), one])
    return groups


def _mark(report: Mapping[str, Any], contenders: Sequence[Contender]) -> Html:
    """Draw a ring for each participant: those that agree lie on each other."""
    groups = groups_of(report, contenders)
    width = 2 * RADIUS + 12 + APART * max(len(groups) - 1, 0)
    rings = [
        _arcs(one, place, len(group), RADIUS + 6 + APART * number)
        for number, group in enumerate(groups)
        for place, one in enumerate(group)
    ]
    words = listed([" = ".join(one.name for one in group) for group in groups])
    return tag(
        "svg",
        *rings,
        class_="mark",
        viewBox=f"0 0 {width} {2 * RADIUS + 12}",
        style=f"--wide:{width / (2 * RADIUS + 12):.3f}",
        role="img",
        aria_label=f"Rings that coincide where trades are equal: {words or 'none'}",
    )


def _arcs(one: Contender, place: int, count: int, centre: int) -> Html:
    """Draw a participant's share of its group's ring: every so many-th arc."""
    # Twelve arcs divide among one to four, ten among five, one each among more.
    arcs = count * max(12 // count, 1)
    length = 2 * math.pi * RADIUS / arcs
    return tag(
        "circle",
        cx=centre,
        cy=RADIUS + 6,
        r=RADIUS,
        fill="none",
        stroke=f"var(--engine-{ink_of(one.position)})",
        stroke_width=6,
        stroke_dasharray=f"{length:.3f} {(count - 1) * length:.3f}"
        if count > 1
        else dashes_of(one.position),
        stroke_dashoffset=f"{-place * length:.3f}" if count > 1 else None,
    )

"""The lesson of a native run: what each engine's defaults cost, by cause."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from apps.analysis.report.look import swatch
from apps.analysis.report.markup import tag
from apps.analysis.report.numbers import money
from apps.analysis.report.words import CAUSES, counted, readable, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.markup import Html


type Lesson = Mapping[str, Any]


def lesson_section(
    lessons: Sequence[Lesson], contenders: Sequence[Contender], quote: str
) -> Html | None:
    """Return what the defaults cost, all engines on one scale."""
    if not lessons:
        return None
    places = {one.name: one.position for one in contenders}
    amounts = [abs(_known(cost["profit"])) for one in lessons for cost in one["costs"]]
    largest = max([*amounts, *(abs(_gain(one)) for one in lessons)], default=0.0)
    return tag(
        "section",
        tag("h2", "What the defaults cost", id="lesson"),
        tag(
            "p",
            "Each engine as its own users run it, held against the run by the fill "
            "contract. What each cause adds to the profit, or takes from it, is to "
            "scale across all engines; the causes add up to the difference.",
            class_="note",
        ),
        *(
            _lesson(one, places.get(one["engine"], 0), largest, quote)
            for one in lessons
        ),
        aria_labelledby="lesson",
    )


def _known(value: float | None) -> float:
    return 0.0 if value is None or not math.isfinite(value) else float(value)


def _gain(lesson: Lesson) -> float:
    return _known(lesson["native_profit"]) - _known(lesson["exact_profit"])


def _lesson(lesson: Lesson, place: int, largest: float, quote: str) -> Html:
    gain = _gain(lesson)
    exact, native = lesson["exact_trades"], lesson["native_trades"]
    if lesson["costs"]:
        words = "Its defaults gave away" if gain < 0 else "Its defaults added"
        if gain == 0:
            words = "Its defaults moved the profit by"
        verdict = tag(
            "p",
            f"{words} ",
            tag("b", money(abs(gain)), class_="loss" if gain < 0 else "gain"),
            f" {quote}: {money(lesson['native_profit'], signed=True)} in "
            f"{counted(native, 'trade')}, where {lesson['against']} by the contract made "
            f"{money(lesson['exact_profit'], signed=True)} in {counted(exact, 'trade')}.",
        )
    else:
        verdict = tag(
            "p",
            f"Nothing: its defaults gave the same {counted(exact, 'trade')} as the "
            f"contract, and {money(lesson['exact_profit'], signed=True)} {quote}.",
        )
    bars = [_cost(cost, largest) for cost in lesson["costs"]]
    total = _bar("in all", None, gain, largest, "total") if len(bars) > 1 else None
    return tag(
        "article",
        tag("h3", swatch(place), tag("span", lesson["engine"])),
        verdict,
        tag("ul", *bars, total, class_="costs") if bars else None,
        class_="lesson",
    )


def _cost(cost: Mapping[str, Any], largest: float) -> Html:
    name = str(cost["cause"])
    counted_trades = counted(cost["trades"], "trade")
    example = tag(
        "span",
        CAUSES.get(name, ""),
        f" For one: {readable(cost['example'])}." if cost["example"] else None,
        class_="example",
    )
    head = tag("span", tag("b", said(name)), tag("small", counted_trades))
    return _bar(head, example, _known(cost["profit"]), largest, None)


def _bar(
    head: str, example: Html | None, amount: float, largest: float, kind: str | None
) -> Html:
    width = 50 * abs(amount) / largest if largest else 0.0
    start = 50.0 - width if amount < 0 else 50.0
    bar = tag(
        "span",
        tag("i", style=f"left:{start:.2f}%;width:{width:.2f}%"),
        class_=f"track {'loss' if amount < 0 else 'gain'}",
        aria_hidden="true",
    )
    return tag(
        "li",
        tag("span", head, class_="head"),
        bar,
        tag("b", money(amount, signed=True), class_="amount"),
        example,
        class_=kind,
    )

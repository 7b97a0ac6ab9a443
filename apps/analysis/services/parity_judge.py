"""From the participants of a parity run to its verdict and its report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from apps.analysis.parity.around import divergence_find
from apps.analysis.parity.compare import participants_compare
from apps.analysis.parity.contracts import Verdict
from apps.analysis.parity.lesson import lesson_make
from apps.analysis.parity.telling import moment_served

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.analysis.models import EngineRun
    from apps.analysis.parity.contracts import Comparison, Ground, Participant
    from apps.analysis.parity.lesson import Lesson

# From the best to the worst: a run is as good as its worst pair.
ORDER = (Verdict.AGREE, Verdict.AGREE_WITHIN_TOLERANCE, Verdict.DIFFER)
REFERENCE = "reference"
EXACT_SUFFIX = " (exact)"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a parity run came to.

    Attributes:
        verdict: Of the worst pair.
        report: Plain values, as they are stored and served.
        sides: The participants of each comparison.
        comparisons: Each with each, and in native mode each with its exact run.
    """

    verdict: Verdict
    report: dict[str, Any]
    sides: list[tuple[Participant, Participant]]
    comparisons: list[Comparison]


def parity_judge(
    *,
    exact: Sequence[Participant],
    native: Sequence[Participant],
    ground: Ground,
    rows: Sequence[tuple[str, EngineRun]],
    only: str | None = None,
) -> Judged:
    """Compare each participant with each.

    Args:
        exact: Those that ran by the fill contract.
        native: Those that ran by their own defaults; when there are any, the verdict is
            about them, and each is held against its own exact run as well.
        ground: What all stand on.
        rows: Mode and row of every run, those that failed too.
        only: Compare this one with the others, and not those among themselves.
    """
    field = list(native or exact)
    sides = [
        pair
        for pair in combinations(field, 2)
        if only is None or only in {pair[0].name, pair[1].name}
    ]
    comparisons = [participants_compare(*pair, ground) for pair in sides]
    verdict = max((one.verdict for one in comparisons), key=ORDER.index)
    lessons, taught, lesson_sides = _lessons(exact, native, ground)
    return Judged(
        verdict=verdict,
        report={
            "verdict": verdict.value,
            "participants": [_participant(mode, run) for mode, run in rows],
            "pairs": [_pair(one) for one in comparisons],
            "first_divergence": _first(comparisons, sides, ground),
            "lessons": [asdict(lesson) for lesson in lessons],
        },
        sides=sides + lesson_sides,
        comparisons=comparisons + taught,
    )


def _lessons(
    exact: Sequence[Participant], native: Sequence[Participant], ground: Ground
) -> tuple[list[Lesson], list[Comparison], list[tuple[Participant, Participant]]]:
    """Hold each native run against the engine's own exact one, or the reference's."""
    known = {participant.name: participant for participant in exact}
    lessons, comparisons, sides = [], [], []
    for participant in native:
        yardstick = known.get(participant.name) or known.get(REFERENCE)
        # The contract is the reference's own way: its defaults cost nothing.
        if yardstick is None or participant.name == REFERENCE:
            continue
        against = replace(yardstick, name=f"{yardstick.name}{EXACT_SUFFIX}")
        comparison = participants_compare(against, participant, ground)
        lessons.append(lesson_make(comparison, against, participant))
        comparisons.append(comparison)
        sides.append((against, participant))
    return lessons, comparisons, sides


def _participant(mode: str, run: EngineRun) -> dict[str, Any]:
    error = None
    if run.error_code:
        error = {"code": run.error_code, "detail": run.error_message}
    return {
        "name": run.engine,
        "mode": str(mode),
        "trades": run.trades,
        "profit": run.metrics.get("net_profit"),
        "error": error,
        "ignored": run.ignored,
        "notes": run.notes,
    }


def _pair(comparison: Comparison) -> dict[str, Any]:
    agreement = comparison.agreement
    return {
        "first": comparison.first,
        "second": comparison.second,
        "verdict": comparison.verdict.value,
        "trades_first": agreement.paired + comparison.only_first,
        "trades_second": agreement.paired + comparison.only_second,
        "agreement": asdict(agreement),
        "only_first": comparison.only_first,
        "only_second": comparison.only_second,
        "causes": comparison.causes,
        "profit_difference": comparison.profit_difference,
    }


def _first(
    comparisons: list[Comparison],
    sides: list[tuple[Participant, Participant]],
    ground: Ground,
) -> dict[str, Any] | None:
    """Return where any pair parts first, out of those that are as bad as the worst."""
    worst = max((ORDER.index(one.verdict) for one in comparisons), default=0)
    found = [
        divergence
        for comparison, pair in zip(comparisons, sides, strict=True)
        if ORDER.index(comparison.verdict) == worst
        and (divergence := divergence_find(comparison, pair, ground)) is not None
    ]
    if not found:
        return None
    earliest = min(found, key=lambda divergence: divergence.bar)
    time = moment_served(ground.bars, earliest.bar)
    return asdict(earliest) | {"cause": earliest.cause.value, "time": time}

"""Two participants compared, trade by trade."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from apps.analysis.parity.contracts import (
    NOBODY,
    Agreement,
    Cause,
    Comparison,
    Matches,
    Verdict,
)
from apps.analysis.parity.equality import pairs_compare
from apps.analysis.parity.judging import Judge
from apps.analysis.parity.matching import trades_match

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Ground, Participant
    from apps.analysis.parity.equality import Equal
    from apps.engines.contracts import BoolArray, FloatArray, IntArray

CAUSES = tuple(Cause)


def participants_compare(
    first: Participant, second: Participant, ground: Ground
) -> Comparison:
    """Compare two lists of trades over the same bars.

    Args:
        first: One side.
        second: The other; differences of profit are its own less the first's.
        ground: The bars, the market's grid, the options and the tolerance.
    """
    pairs = np.array(trades_match(first.trades, second.trades), dtype=np.int64).reshape(
        -1, 2
    )
    i, j = pairs[:, 0], pairs[:, 1]
    paired = (i != NOBODY) & (j != NOBODY)
    equal = pairs_compare(first.trades, second.trades, (i[paired], j[paired]), ground)
    matches = _judge((first, second), (i, j), paired, equal, ground)
    differing = matches.cause != NOBODY
    counts = Counter(CAUSES[code].value for code in matches.cause[differing].tolist())
    gained = profit_differences(matches, first, second)
    return Comparison(
        first=first.name,
        second=second.name,
        verdict=_verdict(differing, matches.within),
        agreement=_agreement(equal),
        only_first=int(np.count_nonzero(j == NOBODY)),
        only_second=int(np.count_nonzero(i == NOBODY)),
        causes={
            cause.value: counts[cause.value]
            for cause in CAUSES
            if cause.value in counts
        },
        # What one side does not say cannot be told apart.
        profit_difference=float(np.nansum(gained)),
        matches=matches,
    )


def profit_differences(
    matches: Matches, first: Participant, second: Participant
) -> FloatArray:
    """Return what each row adds to the second's profit against the first's, (rows,).

    NaN where a side does not say its profit.
    """
    total = np.zeros(len(matches))
    for participant, indices, sign in (
        (first, matches.first, -1.0),
        (second, matches.second, 1.0),
    ):
        has = indices != NOBODY
        total[has] += sign * participant.trades.profit[indices[has]]
    return total


def _judge(
    sides: tuple[Participant, Participant],
    rows: tuple[IntArray, IntArray],
    paired: BoolArray,
    equal: Equal,
    ground: Ground,
) -> Matches:
    """Name the cause of every row that differs."""
    judge = Judge(sides, equal, ground)
    number = (np.cumsum(paired) - 1).tolist()
    whole = np.zeros(len(paired), dtype=np.bool_)
    whole[paired] = equal.whole
    within = np.zeros(len(paired), dtype=np.bool_)
    within[paired] = equal.within
    cause = np.full(len(paired), NOBODY, dtype=np.int8)
    follows = np.zeros(len(paired), dtype=np.bool_)
    details = [""] * len(paired)
    same = whole.tolist()
    for row, index in enumerate(zip(rows[0].tolist(), rows[1].tolist(), strict=True)):
        judged = None
        if not same[row]:
            judged = judge.differing(index, number[row])
            cause[row] = CAUSES.index(judged.finding.cause)
            details[row] = judged.finding.detail
            follows[row] = judged.follows
        judge.passed(index, judged)
    return Matches(rows[0], rows[1], cause, within, follows, tuple(details))


def _verdict(differing: BoolArray, within: BoolArray) -> Verdict:
    if not differing.any():
        return Verdict.AGREE
    if within.all():
        return Verdict.AGREE_WITHIN_TOLERANCE
    return Verdict.DIFFER


def _agreement(equal: Equal) -> Agreement:
    def count(flags: BoolArray) -> int:
        return int(np.count_nonzero(flags))

    return Agreement(
        paired=len(equal.entry_bar),
        entries=count(equal.entry_bar),
        exits=count(equal.exit_bar & equal.exit_reason),
        prices=count(equal.entry_price & equal.exit_price),
        quantities=count(equal.quantity),
        fees=count(equal.fee),
        profits=count(equal.profit),
    )

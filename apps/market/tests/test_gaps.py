"""What is known of gaps stays true while bars come and are asked for again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.market.enums import GapKind
from apps.market.filling.plan import Hole
from apps.market.models import CandleGap, CandleSeries
from apps.market.moments import ns_from_datetime
from apps.market.services.gaps import gaps_confirm, gaps_forget
from apps.market.tests.backfills import Venue, after, store
from apps.market.tests.candles import HOUR, START
from apps.market.tests.exchange import hours

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.market.services.backfill_storing import SeriesFill
    from apps.users.models import User

pytestmark = pytest.mark.django_db


def gaps() -> list[tuple[int, int, int]]:
    """Return the confirmed gaps as places of their first and last bar, and bars."""
    return [
        (
            (ns_from_datetime(one.first) - START) // HOUR,
            (ns_from_datetime(one.last) - START) // HOUR,
            one.bars,
        )
        for one in CandleGap.objects.all()
    ]


def confirmed(actor: User, *stretches: tuple[int, int]) -> SeriesFill:
    """Store 100 hours without some, which are confirmed."""
    missing = {place for first, last in stretches for place in range(first, last + 1)}
    fill = store(actor, hours(100, *missing))
    assert fill.series is not None
    holes = [Hole(START + a * HOUR, b - a + 1) for a, b in stretches]
    gaps_confirm(
        series=fill.series, kind=GapKind.HOLE, gaps=holes, now=datetime.now(UTC)
    )
    return fill


@pytest.mark.parametrize(
    ("came", "left"),
    [
        (range(20, 26), [(50, 52, 3)]),
        (range(20, 22), [(22, 25, 4), (50, 52, 3)]),
        (range(24, 26), [(20, 23, 4), (50, 52, 3)]),
        (range(22, 24), [(20, 25, 4), (50, 52, 3)]),
        ([20, 22, 25], [(21, 24, 3), (50, 52, 3)]),
        (range(10, 60), []),
        (range(30, 40), [(20, 25, 6), (50, 52, 3)]),
    ],
    ids=["all", "first", "last", "middle", "some", "both", "none"],
)
def test_bars_that_come_another_way_are_no_confirmed_gap_any_more(
    actor: User, came: list[int], left: list[tuple[int, int, int]]
) -> None:
    confirmed(actor, (20, 25), (50, 52))
    store(actor, hours(100).where(np.isin(np.arange(100), came)))
    assert gaps() == left


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (22, 24, [(20, 21, 2), (24, 25, 2), (50, 52, 3)]),
        (0, 23, [(23, 25, 3), (50, 52, 3)]),
        (25, 51, [(20, 24, 5), (51, 52, 2)]),
        (0, 100, []),
        (26, 50, [(20, 25, 6), (50, 52, 3)]),
    ],
    ids=["within", "before", "across", "all", "between"],
)
def test_what_is_asked_again_is_forgotten_up_to_its_border(
    actor: User, start: int, end: int, left: list[tuple[int, int, int]]
) -> None:
    series = confirmed(actor, (20, 25), (50, 52)).series
    assert series is not None
    gaps_forget(series=series, start_ns=START + start * HOUR, end_ns=START + end * HOUR)
    assert gaps() == left


def test_a_gap_across_the_border_of_a_recheck_is_asked_for_again(
    filled: Callable[..., dict[str, Any]],
) -> None:
    filled(Venue(hours(200, *range(50, 60)), 100), 150)
    assert gaps() == [(50, 59, 10)]
    full = Venue(hours(200), 100)
    filled(full, 150, end=after(55), recheck_gaps=True)
    assert gaps() == [(55, 59, 5)]
    filled(full, 150)
    assert CandleSeries.objects.get().rows == 145
    filled(full, 150, recheck_gaps=True)
    assert CandleSeries.objects.get().rows == 150
    assert not CandleGap.objects.exists()

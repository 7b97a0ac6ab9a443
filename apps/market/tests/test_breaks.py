"""Delisted and listed again under one name is found; markets that only move are not."""

from __future__ import annotations

import numpy as np
import pytest

from apps.market.batches import BATCH_ROWS, CLOSE, OPEN, CandleBatch, batches_resize
from apps.market.enums import Timeframe
from apps.market.quality.breaks import BreakChecks
from apps.market.quality.stored import Asked, stored_measure
from apps.market.tests.candles import HOUR, NOW, START, candles
from apps.market.tests.listings import bars_of, ftt, joined, luna, walk

MINUTE = Timeframe.M1.nanoseconds


def breaks(
    batch: CandleBatch, timeframe: Timeframe = Timeframe.H1
) -> list[tuple[str, str, int]]:
    report = stored_measure(iter([batch]), timeframe, Asked(NOW))
    assert report["breaks"]["count"] == len(report["breaks"]["found"])
    return [
        (one["kind"], one["after"], one["missing"]) for one in report["breaks"]["found"]
    ]


def test_luna_is_another_market_after_its_hole() -> None:
    report = stored_measure(iter([luna()]), Timeframe.H1, Asked(NOW))
    (found,) = report["breaks"]["found"]
    assert (found["kind"], found["missing"]) == ("rescaled", 437)
    assert (found["before"], found["after"]) == (
        "2022-05-13T00:00:00Z",
        "2022-05-31T06:00:00Z",
    )
    assert 1e-5 < found["close"] < 1e-4
    assert 5 < found["open"] < 10
    assert found["ratio"] == pytest.approx(found["open"] / found["close"])
    assert report["findings"][-1].startswith("The price jumped from ")
    assert "after 437 missing bars" in report["findings"][-1]


def test_luna_is_found_by_what_is_left_of_it_after_the_crash() -> None:
    whole = luna()
    # Ten bars before and two after: too few to know what is usual.
    at = int(np.flatnonzero(np.diff(whole.time) > HOUR)[0])
    assert [kind for kind, _, _ in breaks(whole.rows(at - 9, at + 3))] == ["rescaled"]


def test_the_crash_itself_is_no_break() -> None:
    whole = luna(after=0)
    assert breaks(whole) == []
    # A day's bar fell to a three hundredth of its open.
    days = bars_of(
        START + Timeframe.D1.nanoseconds * np.arange(40, dtype=np.int64),
        np.concatenate((walk(36, 64, 0.04, seed=1), [17.0, 1.1, 0.0039, 0.00005])),
    )
    assert breaks(days, Timeframe.D1) == []


def test_a_market_that_stopped_for_months_is_named_whatever_its_price() -> None:
    found = breaks(ftt())
    assert [kind for kind, _, _ in found] == ["halted"]
    assert found[0][1] == "2023-09-22T00:00:00Z"
    assert found[0][2] > 300 * 24


@pytest.mark.parametrize(
    ("missing", "ratio", "kind"),
    [
        (24, 2.5, "relisted"),
        (24, 0.4, "relisted"),
        (24, 1.9, None),
        (11, 2.5, None),
        (11, 12.0, "rescaled"),
        (0, 100.0, "rescaled"),
        (0, 0.001, "rescaled"),
        (167, 1.0, None),
        (168, 1.0, "halted"),
    ],
)
def test_a_hole_and_a_price_make_a_break_or_none(
    missing: int, ratio: float, kind: str | None
) -> None:
    whole = candles(600)
    time = whole.time.copy()
    time[300:] += missing * HOUR
    values = whole.values.copy()
    values[:4, 300:] *= ratio
    found = breaks(CandleBatch(time, values))
    assert [one for one, _, _ in found] == ([kind] if kind else [])


def test_a_wrong_print_that_comes_back_is_a_spike_and_no_break() -> None:
    values = candles(600).values.copy()
    values[:4, 300] *= 100
    report = stored_measure(
        iter([CandleBatch(candles(600).time, values)]), Timeframe.H1, Asked(NOW)
    )
    assert (report["spikes"], report["breaks"]["count"]) == (1, 0)


def test_a_hole_after_which_one_print_is_wrong_is_no_break() -> None:
    whole = candles(600)
    time, values = whole.time.copy(), whole.values.copy()
    time[300:] += 24 * HOUR
    values[:4, 300] *= 5
    assert breaks(CandleBatch(time, values)) == []


def test_a_calm_market_may_jump_less_over_a_hole_than_a_wild_one() -> None:
    def jump(deviation: float) -> CandleBatch:
        time = START + HOUR * np.arange(400, dtype=np.int64)
        time[200:] += 48 * HOUR
        first, second = (walk(200, one, deviation, seed=3) for one in (10.0, 25.0))
        return joined(bars_of(time[:200], first), bars_of(time[200:], second))

    assert [kind for kind, _, _ in breaks(jump(0.005))] == ["relisted"]
    assert breaks(jump(0.03)) == []


@pytest.mark.parametrize("at", [-6, -5, -2, -1, 0, 1, 4, 5])
def test_breaks_at_the_seam_of_two_blocks_are_seen(at: int) -> None:
    place = BATCH_ROWS + at
    whole = candles(BATCH_ROWS + 50, step=MINUTE)
    values = whole.values.copy()
    values[:4, place:] *= 1000
    found = breaks(CandleBatch(whole.time, values), Timeframe.M1)
    assert len(found) == 1


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_size_of_blocks_makes_no_difference(size: int) -> None:
    whole = luna(before=300, after=50)
    checks = BreakChecks(Timeframe.H1)
    for batch in batches_resize([whole], size):
        checks.apply(batch.time, batch.values[OPEN], batch.values[CLOSE], 0.01)
    checks.finish()
    assert checks.count == 1
    assert checks.found[0]["after"] == "2022-05-31T06:00:00Z"


def test_more_breaks_than_are_shown_are_counted() -> None:
    whole = candles(1_000)
    values = whole.values.copy()
    for place in range(20, 1_000, 20):
        values[:4, place:] *= 100 if place % 40 else 0.01
    report = stored_measure(
        iter([CandleBatch(whole.time, values)]), Timeframe.H1, Asked(NOW)
    )
    assert report["breaks"]["count"] == 49
    assert len(report["breaks"]["found"]) == 20
    assert report["findings"][-1] == "29 more breaks."

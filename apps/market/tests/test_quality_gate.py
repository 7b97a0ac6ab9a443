"""What a gate refuses, and that each refusal names its measure, value, limit, place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings

from apps.market.enums import QualityVerdict
from apps.market.quality.gate import (
    QualityGate,
    quality_refusal,
    shortfalls_find,
    verdict_of,
)

GATE = QualityGate.of(django_settings.QUALITY_GATE)
BREAK = {
    "kind": "rescaled",
    "before": "2022-05-13T00:00:00Z",
    "after": "2022-05-31T06:00:00Z",
    "missing": 437,
    "close": 0.00005,
    "open": 7.5,
    "ratio": 150_000.0,
}


def report(**changes: Any) -> dict[str, Any]:
    """Return the report of a thousand good bars, with some fields replaced."""
    good: dict[str, Any] = {
        "rows": 1_000,
        "expected": 1_000,
        "first": "2024-01-01T00:00:00Z",
        "last": "2024-02-11T15:00:00Z",
        "gaps": {"count": 0, "missing": 0, "largest": []},
        "asked": {"start": None, "end": None, "missing_before": 0},
        "age_bars": 0,
        "impossible": 0,
        "nan": 0,
        "duplicates": 0,
        "off_grid": 0,
        "spikes": 0,
        "wicks": 0,
        "zero_volume": {"bars": 0, "runs": 0, "longest": None},
        "frozen": {"bars": 0, "runs": 0, "longest": None},
        "breaks": {"count": 0, "found": []},
        "samples": {},
    }
    return good | changes


def refused(gate: QualityGate = GATE, **changes: Any) -> list[tuple[str, str]]:
    return [
        (one.limit, one.message) for one in shortfalls_find(report(**changes), gate)
    ]


SPIKE = {
    "time": "2024-01-03T00:00:00Z",
    "before": 10.0,
    "close": 30.0,
    "after": 10.1,
}


def spikes(count: int, rows: int = 1_000) -> dict[str, Any]:
    return {"spikes": count, "rows": rows, "samples": {"outliers": [SPIKE]}}


def test_good_bars_pass() -> None:
    assert refused() == []


def test_missing_bars_are_named_with_the_longest_hole() -> None:
    hole = {"start": "2024-01-05T00:00:00Z", "bars": 300}
    gaps = {"count": 12, "missing": 450, "largest": [hole]}
    assert refused(rows=550, gaps=gaps) == [
        (
            "minimum_coverage",
            "The coverage is 0.5500, at least 0.6 is asked for: 450 of 1,000 bars are "
            "missing in 12 holes, the longest 300 bars from 2024-01-05T00:00:00Z.",
        )
    ]


@pytest.mark.parametrize(
    ("rows", "limit", "refuses"),
    [(600, "0.6", False), (599, "0.6", True), (1_000, "1", False), (999, "1", True)],
)
def test_the_limit_itself_is_good_enough(rows: int, limit: str, refuses: bool) -> None:  # noqa: FBT001
    gate = GATE.changed({"minimum_coverage": limit})
    assert bool(refused(gate, rows=rows)) == refuses


@pytest.mark.parametrize(
    ("count", "rows", "limit", "refuses"),
    [
        (4, 1_000, "0.001", False),
        (5, 1_000, "0.001", True),
        (130, 100_000, "0.001", False),
        (132, 100_000, "0.001", True),
        (1, 20, "0.001", False),
        (1, 1_000, "0", True),
    ],
)
def test_spikes_may_be_as_many_as_come_by_chance(
    count: int,
    rows: int,
    limit: str,
    refuses: bool,  # noqa: FBT001
) -> None:
    gate = GATE.changed({"maximum_spike_fraction": limit})
    found = refused(gate, **spikes(count, rows), expected=rows)
    assert [name for name, _ in found] == ["maximum_spike_fraction"] * refuses


def test_spikes_are_named_with_the_first() -> None:
    ((_, message),) = refused(**spikes(9))
    assert message == (
        "9 of 1,000 bars are spikes that revert, a fraction of 0.009000 where 0.001 is "
        "allowed (4 in as many bars), the first at 2024-01-03T00:00:00Z: 10, 30, 10.1."
    )


def test_a_break_is_named_with_its_prices_its_ratio_and_its_hole() -> None:
    ((limit, message),) = refused(breaks={"count": 1, "found": [BREAK]})
    assert limit == "maximum_breaks"
    assert message == (
        "It has 1 break, 0 are allowed. The price jumped from 5e-05 to 7.5 (times "
        "1.5e+05) between 2022-05-13T00:00:00Z and 2022-05-31T06:00:00Z, after 437 "
        "missing bars: another market under the same name, or other units."
    )


def test_a_market_that_stopped_is_named_with_both_ends() -> None:
    halted = BREAK | {"kind": "halted", "close": 1.6, "open": 1.2, "ratio": 0.75}
    ((_, message),) = refused(breaks={"count": 1, "found": [halted]})
    assert "Trading stopped at 2022-05-13T00:00:00Z and went on at" in message


def test_breaks_can_be_allowed() -> None:
    gate = GATE.changed({"maximum_breaks": 1})
    assert refused(gate, breaks={"count": 1, "found": [BREAK]}) == []


def test_age_counts_only_where_a_limit_is_stated() -> None:
    assert refused(age_bars=10**6) == []
    gate = GATE.changed({"maximum_age_bars": 2})
    assert refused(gate, age_bars=2) == []
    ((limit, message),) = refused(gate, age_bars=3)
    assert limit == "maximum_age_bars"
    assert "3 bars too early, 2 are allowed: the last bar is 2024-02-11" in message


def test_all_that_falls_short_is_named_at_once() -> None:
    found = refused(
        rows=500,
        impossible=2,
        frozen={
            "bars": 400,
            "runs": 1,
            "longest": {"start": "2024-01-01T05:00:00Z", "bars": 400},
        },
        breaks={"count": 1, "found": [BREAK]},
    )
    assert [limit for limit, _ in found] == [
        "minimum_coverage",
        "maximum_impossible_fraction",
        "maximum_frozen_fraction",
        "maximum_breaks",
    ]
    error = quality_refusal("BTC/USDT", shortfalls_find(report(rows=500), GATE))
    assert error.code == "quality_below_threshold"
    assert error.details[0].attr == "quality.minimum_coverage"
    assert "quality.accept_below=true" in error.message


def test_what_is_stated_replaces_the_settings_and_nothing_else() -> None:
    gate = GATE.changed({"minimum_coverage": "0.95", "maximum_breaks": None})
    assert gate.minimum_coverage == Decimal("0.95")
    assert gate.maximum_breaks == GATE.maximum_breaks
    assert gate.as_json() == {
        "minimum_coverage": "0.95",
        "maximum_spike_fraction": "0.001",
        "maximum_impossible_fraction": "0.0",
        "maximum_frozen_fraction": "0.35",
        "maximum_breaks": "0",
        "maximum_age_bars": None,
    }


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, QualityVerdict.GOOD),
        ({"rows": 990}, QualityVerdict.GOOD),
        ({"rows": 989}, QualityVerdict.DOUBTFUL),
        (spikes(1), QualityVerdict.DOUBTFUL),
        ({"wicks": 1}, QualityVerdict.DOUBTFUL),
        ({"off_grid": 1}, QualityVerdict.DOUBTFUL),
        ({"rows": 599}, QualityVerdict.BAD),
        ({"breaks": {"count": 1, "found": [BREAK]}}, QualityVerdict.BAD),
        ({"age_bars": 10**6}, QualityVerdict.GOOD),
    ],
    ids=["good", "99%", "98.9%", "spike", "wick", "grid", "holes", "break", "old"],
)
def test_a_verdict_is_of_the_bars_and_not_of_their_age(
    changes: dict[str, Any], verdict: QualityVerdict
) -> None:
    assert (
        verdict_of(report(**changes), GATE.changed({"maximum_age_bars": 1})) is verdict
    )

"""Candles are the same in any order, and what cannot be believed is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.exchanges.adapters.ccxt.candles import agreed, candles_from, impossible
from apps.exchanges.errors import ExchangeAnswerInvalid

HOUR_MS = 3_600_000
FIRST_MS = 1_700_000_400_000 // HOUR_MS * HOUR_MS
HOUR_NS = HOUR_MS * 1_000_000


def row(place: int, **changes: Any) -> list[Any]:
    made = {
        "time": FIRST_MS + place * HOUR_MS,
        "open": "100.5",
        "high": "101",
        "low": "99.1",
        "close": "100",
        "volume": "7",
    }
    return list((made | changes).values())


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=5))
@settings(deadline=None)
def test_candles_are_the_same_in_any_order_and_however_often(
    order: list[int], again: list[int]
) -> None:
    page = candles_from([row(place) for place in [*order, *again]], "X/Y", HOUR_NS)
    assert page.time.tolist() == [
        (FIRST_MS + place * HOUR_MS) * 1_000_000 for place in range(12)
    ]
    assert page.open.tolist() == [100.5] * 12


def test_two_different_candles_of_one_time_are_refused() -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="two different candles"):
        candles_from([row(0), row(1), row(0, close="100.5")], "X/Y", HOUR_NS)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (row(1, open=None), "rows.1.open"),
        (row(1, open="NaN"), "rows.1.open"),
        (row(1, high="Infinity"), "rows.1.high"),
        (row(1, close="0"), "rows.1.close"),
        (row(1, low="-3"), "rows.1.low"),
        (row(1, volume="-1"), "rows.1.volume"),
        (row(1, volume=None), "rows.1.volume"),
        (row(1, time=None), "rows.1.time"),
        (row(1, time=1_700_000_000), "rows.1.time"),
        (row(1)[:5], "rows.1"),
        (None, "rows.1"),
        (row(1, open="much"), "rows"),
    ],
    ids=[
        "none", "nan", "infinite", "zero", "negative", "volume", "no-volume", "no-time",
        "seconds", "short", "no-row", "words",
    ],
)  # fmt: skip
def test_a_candle_that_cannot_be_believed_is_named(wrong: Any, named: str) -> None:
    with pytest.raises(ExchangeAnswerInvalid) as caught:
        candles_from([row(0), wrong, row(2)], "X/Y", HOUR_NS)
    assert caught.value.attr == named


def test_a_page_without_candles_is_a_page() -> None:
    page = candles_from([], "X/Y", HOUR_NS)
    assert len(page) == 0
    assert page.time.dtype == np.int64


def test_impossible_candles_are_believed_when_they_are_told_twice() -> None:
    good = candles_from([row(0), row(1)], "X/Y", HOUR_NS)
    odd = candles_from([row(0), row(1, high="99")], "X/Y", HOUR_NS)
    odder = candles_from([row(0), row(1, high="98")], "X/Y", HOUR_NS)
    assert impossible(good).tolist() == []
    assert impossible(odd).tolist() == [1]
    assert agreed(odd, odd, "X/Y") is odd
    assert agreed(odd, good, "X/Y") is good
    with pytest.raises(ExchangeAnswerInvalid):
        agreed(odd, odder, "X/Y")

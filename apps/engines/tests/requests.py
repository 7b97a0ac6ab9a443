"""Requests for tests: small ones by hand, and any that hypothesis can think of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from apps.engines.contracts import (
    Bars,
    Costs,
    MarketRules,
    Protection,
    RunRequest,
    Signals,
    Sizing,
    SizingKind,
)
from apps.engines.sample import HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FREE = MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(0), Decimal(0))


def bars_of(rows: Sequence[tuple[float, float, float, float]]) -> Bars:
    """Return hourly bars of open, high, low, close."""
    open_, high, low, close = np.array(rows, dtype=np.float64).T.copy()
    time = np.arange(len(rows), dtype=np.int64) * HOUR_NS
    return Bars(time, open_, high, low, close, np.ones(len(rows)), HOUR_NS)


def marks(size: int, at: Iterable[int]) -> Any:
    """Return bools that are true at some bars."""
    found = np.zeros(size, dtype=np.bool_)
    found[list(at)] = True
    return found


def request_of(
    bars: Bars,
    *,
    enter: Iterable[int] = (),
    leave: Iterable[int] = (),
    enter_short: Iterable[int] = (),
    leave_short: Iterable[int] = (),
    **changes: Any,
) -> RunRequest:
    """Return a request without costs, 1,000 a trade out of 10,000."""
    size = len(bars)
    request = RunRequest(
        bars=bars,
        signals=Signals(
            marks(size, enter),
            marks(size, leave),
            marks(size, enter_short),
            marks(size, leave_short),
        ),
        market=FREE,
        sizing=Sizing(SizingKind.FIXED_QUOTE, 1_000.0),
        protection=Protection(),
        costs=Costs(0.0, 0.0),
        capital=10_000.0,
    )
    return replace(request, **changes)


@st.composite
def requests(draw: st.DrawFn, *, shorts: bool = False) -> RunRequest:
    """Any long request: jumps, gaps, stops, targets, costs, too little cash."""
    size = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decimals = draw(st.sampled_from([0, 2, 8]))
    level = draw(st.sampled_from([0.05, 3.0, 120.0, 60_000.0])) if decimals else 5_000.0
    tick = Decimal(1).scaleb(-decimals)
    moves = rng.normal(0, draw(st.sampled_from([0.001, 0.02, 0.1])), size)
    close = np.maximum(level * np.exp(np.cumsum(moves)), 10 * float(tick))
    jump = 1 + rng.normal(0, 0.01, size) * (rng.random(size) < 0.2)
    open_ = np.concatenate(([level], close[:-1])) * jump
    high = np.maximum(open_, close) * (1 + rng.random(size) * 0.01)
    low = np.minimum(open_, close) * (1 - rng.random(size) * 0.01)
    open_, high, low, close = (
        np.round(one, decimals) for one in (open_, high, low, close)
    )
    steps = rng.choice([1, 1, 1, 1, 3], size)
    time = np.cumsum(steps) * HOUR_NS
    bars = Bars(time, open_, high, low, close, np.ones(size), HOUR_NS)
    fraction = st.sampled_from([None, 0.002, 0.02, 0.07, 0.3])
    entry, leave = rng.random(size) < 0.3, rng.random(size) < 0.2
    enter_short, leave_short = rng.random(size) < 0.3, rng.random(size) < 0.2
    none = np.zeros(size, dtype=np.bool_)
    signals = Signals(
        entry & ~leave,
        leave & ~entry,
        enter_short & ~leave_short if shorts else none,
        leave_short & ~enter_short if shorts else none,
    )
    return RunRequest(
        bars=bars,
        signals=signals,
        market=MarketRules(
            price_tick=tick,
            quantity_step=draw(
                st.sampled_from([Decimal("0.00001"), Decimal("0.5"), Decimal(1)])
            ),
            min_quantity=draw(st.sampled_from([Decimal(0), Decimal("0.02")])),
            min_notional=draw(st.sampled_from([Decimal(0), Decimal(990)])),
        ),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 1_000.0),
        protection=Protection(draw(fraction), draw(fraction)),
        costs=Costs(
            draw(st.sampled_from([0.0, 0.001, 0.01])),
            draw(st.sampled_from([0.0, 0.0007, 0.01])),
        ),
        capital=draw(st.sampled_from([10_000.0, 1_050.0, 900.0])),
    )

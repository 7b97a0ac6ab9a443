"""Requests for tests: small ones by hand, and any that hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

    from apps.engines.contracts import Capabilities

# Sizes by kind: a fixed stake, and fractions of equity.
SIZES = {
    SizingKind.FIXED_QUOTE: (1_000.0,),
    SizingKind.PERCENT_OF_EQUITY: (1.0, 0.3, 0.05),
    SizingKind.RISK_PER_TRADE: (0.01, 0.2),
}
FRACTIONS = (0.002, 0.02, 0.07, 0.3)
FEES = (0.0, 0.001, 0.01)
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a made-up request may ask for.

    Attributes:
        shorts: Whether it sells short too.
        stops: Whether it has a stop loss and a take profit.
        trailing: Whether it has a trailing stop.
        sizings: How it may size its entries.
    """

    shorts: bool = False
    stops: bool = True
    trailing: bool = False
    sizings: tuple[SizingKind, ...] = (SizingKind.FIXED_QUOTE,)


def claimed(can: Capabilities) -> Asked:
    """Return all that an engine says it can honour."""
    return Asked(
        shorts=can.shorts,
        stops=can.stop_loss and can.take_profit,
        trailing=can.trailing_stop,
        sizings=can.sizing,
    )


@st.composite
def markets(draw: st.DrawFn) -> tuple[Bars, MarketRules]:
    """Any small market: jumps, gaps, coarse and fine ticks, minimums."""
    size = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    decimals = draw(st.sampled_from([0, 2, 8]))
    level = draw(st.sampled_from([0.05, 3.0, 120.0, 60_000.0])) if decimals else 5_000.0
    tick = Decimal(1).scaleb(-decimals)
    moves = rng.normal(0, draw(st.sampled_from([0.001, 0.02, 0.1])), size)
    close = np.maximum(level * np.exp(np.cumsum(moves)), 20 * float(tick))
    leap = draw(st.sampled_from([0.01, 0.1]))
    jump = np.exp(rng.normal(0, leap, size) * (rng.random(size) < 0.2))
    open_ = np.concatenate(([level], close[:-1])) * jump
    high = np.maximum(open_, close) * (1 + rng.random(size) * leap)
    low = np.minimum(open_, close) * (1 - rng.random(size) * leap)
    open_, high, low, close = (
        np.round(one, decimals) for one in (open_, high, low, close)
    )
    time = np.cumsum(rng.choice([1, 1, 1, 1, 3], size)) * HOUR_NS
    steps = st.sampled_from([Decimal("0.00001"), Decimal("0.5"), Decimal(1)])
    bars = Bars(time, open_, high, low, close, np.ones(size), HOUR_NS)
    return bars, MarketRules(
        price_tick=tick,
        quantity_step=draw(steps),
        min_quantity=draw(st.sampled_from([Decimal(0), Decimal("0.02")])),
        min_notional=draw(st.sampled_from([Decimal(0), Decimal(990)])),
    )


@st.composite
def requests_over(
    draw: st.DrawFn, bars: Bars, market: MarketRules, asked: Asked
) -> RunRequest:
    """Any request over one market: signals, stops, sizes, costs, too little cash."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(asked.sizings))
    entry, leave, short, cover = (rng.random((4, len(bars))).T < (0.3, 0.2, 0.3, 0.2)).T
    signals = Signals(
        entry & ~leave,
        leave & ~entry,
        short & ~cover & asked.shorts,
        cover & ~short & asked.shorts,
    )
    some, none = st.sampled_from(FRACTIONS), st.none()
    maybe = none | some
    # Risk is measured from the stop.
    stop = some if kind is SizingKind.RISK_PER_TRADE else maybe
    return RunRequest(
        bars=bars,
        signals=signals,
        market=market,
        sizing=Sizing(kind, draw(st.sampled_from(SIZES[kind]))),
        protection=Protection(
            stop_loss=draw(stop if asked.stops else none),
            take_profit=draw(maybe if asked.stops else none),
            trailing_stop=draw(maybe if asked.trailing else none),
        ),
        costs=Costs(
            draw(st.sampled_from(FEES)), draw(st.sampled_from([0.0, 0.0007, 0.01]))
        ),
        capital=draw(st.sampled_from([10_000.0, 1_050.0, 900.0])),
    )


@st.composite
def requests(
    draw: st.DrawFn, *, shorts: bool = False, asked: Asked | None = None
) -> RunRequest:
    """Any request; long and with a fixed stake, where nothing else is asked for."""
    bars, market = draw(markets())
    return draw(requests_over(bars, market, asked or Asked(shorts=shorts)))


@st.composite
def batches(
    draw: st.DrawFn, *, asked: Asked, series: int, each: int
) -> list[RunRequest]:
    """Requests that one program can run together: one fee, `each` over every market."""
    fee = draw(st.sampled_from(FEES))
    found = []
    for _ in range(series):
        bars, market = draw(markets())
        found += [draw(requests_over(bars, market, asked)) for _ in range(each)]
    return [replace(one, costs=Costs(fee, one.costs.slippage_rate)) for one in found]

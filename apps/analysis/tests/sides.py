"""Sides of a comparison for tests: trades by hand, and any that hypothesis can think of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from apps.analysis.parity.compare import CAUSES, participants_compare
from apps.analysis.parity.contracts import (
    NOBODY,
    Ground,
    Participant,
    Tolerance,
)
from apps.engines.contracts import (
    Bars,
    Costs,
    ExitReason,
    MarketRules,
    Protection,
    Signals,
    Sizing,
    SizingKind,
    Trades,
)
from apps.engines.gaps import gaps_spanned
from apps.engines.sample import HOUR_NS
from apps.engines.tests.requests import marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apps.analysis.parity.contracts import Cause, Comparison

REASONS = [reason.value for reason in ExitReason]
SIZE = 40


@dataclass(frozen=True, slots=True)
class Deal:
    """One trade by hand; no reason or NaN: its list does not say."""

    entry_bar: int
    exit_bar: int
    entry_price: float = 100.0
    exit_price: float = 110.0
    quantity: float = 1.0
    fee: float = 0.2
    reason: str = "signal"
    side: int = 1
    profit: float | None = None


def bars_flat(size: int = SIZE, *, holes: Sequence[int] = (), **at: Any) -> Bars:
    """Return hourly bars that go from 100 to 101, with 3 between low and high.

    Args:
        size: How many.
        holes: Bars before which some are missing.
        at: Changed bars, such as `b5=(open, high, low, close)`.
    """
    rows = [(100.0, 102.0, 99.0, 101.0)] * size
    for name, row in at.items():
        rows[int(name[1:])] = row
    open_, high, low, close = np.array(rows, dtype=np.float64).T.copy()
    steps = np.array([5 if bar in holes else 1 for bar in range(size)])
    time = np.cumsum(steps).astype(np.int64) * HOUR_NS
    return Bars(time, open_, high, low, close, np.ones(size), HOUR_NS)


def ground_of(bars: Bars | None = None, **changes: Any) -> Ground:
    """Return what sides stand on: tick 0.01, step 0.001, fees of 0.1 %."""
    ground = Ground(
        bars=bars_flat() if bars is None else bars,
        market=MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(0), Decimal(0)),
        protection=Protection(),
        costs=Costs(0.001, 0.0),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 1_000.0),
        capital=10_000.0,
        tolerance=Tolerance(),
    )
    return replace(ground, **changes)


def trades_of(deals: Iterable[Deal], bars: Bars) -> Trades:
    """Return trades as an engine would."""
    rows = list(deals)

    def column(name: str, kind: Any) -> Any:
        return np.array([getattr(row, name) for row in rows], dtype=kind)

    entry, leave = column("entry_bar", np.int64), column("exit_bar", np.int64)
    side, quantity = column("side", np.int8), column("quantity", np.float64)
    entry_price = column("entry_price", np.float64)
    exit_price = column("exit_price", np.float64)
    fee = column("fee", np.float64)
    made = side * quantity * (exit_price - entry_price) - fee
    told = [row.profit for row in rows]
    codes = [REASONS.index(row.reason) if row.reason else NOBODY for row in rows]
    return Trades(
        entry_bar=entry,
        exit_bar=leave,
        side=side,
        quantity=quantity,
        entry_price=entry_price,
        exit_price=exit_price,
        entry_fee=fee / 2,
        exit_fee=fee / 2,
        profit=np.where([one is None for one in told], made, np.array(told, float)),
        exit_reason=np.array(codes, dtype=np.int8),
        gaps=gaps_spanned(bars, entry, leave),
    )


def signals_of(
    enter: Iterable[int] = (), leave: Iterable[int] = (), *, size: int = SIZE
) -> Signals:
    """Return long signals on some bars."""
    none = marks(size, ())
    return Signals(marks(size, enter), marks(size, leave), none, none)


def side_of(
    name: str, *deals: Deal, bars: Bars | None = None, **known: Any
) -> Participant:
    """Return a participant of some trades."""
    trades = trades_of(deals, bars_flat() if bars is None else bars)
    return Participant(name, trades, **known)


def causes_of(comparison: Comparison) -> list[Cause | None]:
    """Return each row's cause, None where its sides are equal."""
    codes = comparison.matches.cause.tolist()
    return [None if code == NOBODY else CAUSES[code] for code in codes]


def cause_of(one: Participant, other: Participant, ground: Ground) -> tuple[Cause, str]:
    """Return the only differing row's cause and sentence, the same in both orders."""
    found = []
    for pair in ((one, other), (other, one)):
        matches = participants_compare(*pair, ground).matches
        rows = np.flatnonzero(matches.cause != NOBODY)
        assert len(rows) == 1
        found.append((CAUSES[matches.cause[rows[0]]], matches.detail[rows[0]]))
    assert found[0][0] == found[1][0]
    return found[0]


@st.composite
def deals(draw: st.DrawFn, *, apart: int = 0) -> list[Deal]:
    """Any trades in order that do not overlap; they may touch, and turn in one bar.

    Args:
        draw: Of hypothesis.
        apart: The least number of bars between two entries.
    """
    found: list[Deal] = []
    bar = draw(st.integers(1, 4))
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.integers(0, 5))
        found.append(
            Deal(
                entry_bar=bar,
                exit_bar=bar + length,
                entry_price=draw(st.integers(9_000, 11_000)) / 100,
                exit_price=draw(st.integers(9_000, 11_000)) / 100,
                quantity=draw(st.integers(1, 2_000)) / 1_000,
                side=draw(st.sampled_from([1, 1, -1])),
            )
        )
        bar += max(length + draw(st.integers(0, 4)), apart)
    return found

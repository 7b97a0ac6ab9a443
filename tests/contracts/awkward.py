"""Requests that a bar backtest gets wrong easily, all without a fee."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import Costs, MarketRules, Protection, Sizing, SizingKind
from apps.engines.sample import HOUR_NS
from apps.engines.tests.requests import FREE, bars_of, request_of

if TYPE_CHECKING:
    from apps.engines.contracts import RunRequest

FLAT = (100.0, 101.0, 99.0, 100.0)
MINUTE_NS = HOUR_NS // 60
BOTH = Protection(stop_loss=0.05, take_profit=0.05)
ROWS = [FLAT, (100, 104, 96, 101)] * 30
# One object, since what goes over the same bars shares a market in freqtrade's program.
UP_AND_DOWN = bars_of(ROWS)
EVERY = range(0, 50, 5)


def awkward() -> dict[str, RunRequest]:
    """Return the requests by what is awkward in them."""
    return _inside_a_bar() | _on_the_grid() | _sizes() | _ends()


def _inside_a_bar() -> dict[str, RunRequest]:
    wide = [FLAT, (100, 100, 100, 100), (100, 130, 80, 100), FLAT]
    hours = bars_of(wide)
    minutes = replace(hours, time=np.arange(4) * MINUTE_NS, timeframe_ns=MINUTE_NS)
    above, below = (110, 120, 90, 100), (90, 120, 80, 100)
    trailing = Protection(stop_loss=0.06, take_profit=0.04, trailing_stop=0.03)
    return {
        "stop and target in one bar": request_of(hours, enter=[0], protection=BOTH),
        "stop and target in one minute": request_of(
            minutes, enter=[0], protection=BOTH
        ),
        "opens beyond the target and falls to the stop": request_of(
            bars_of([FLAT, FLAT, above, FLAT]), enter=[0], protection=BOTH
        ),
        "opens beyond the stop": request_of(
            bars_of([FLAT, FLAT, below, FLAT]), enter=[0], protection=BOTH
        ),
        "a trailing stop with the other two": request_of(
            UP_AND_DOWN, enter=EVERY, protection=trailing
        ),
        "a trailing stop alone": request_of(
            UP_AND_DOWN, enter=EVERY, protection=Protection(trailing_stop=0.02)
        ),
    }


def _on_the_grid() -> dict[str, RunRequest]:
    tick = replace(FREE, price_tick=Decimal("0.05"))
    finest = MarketRules(Decimal("1e-8"), Decimal("0.001"), Decimal(0), Decimal(0))
    coarse = [(100.0, 100.25, 99.6, 100.05), (100.05, 100.5, 99.95, 100.15)] * 12
    tiny = [(7e-8, 9e-8, 5e-8, 8e-8), (8e-8, 1.1e-7, 6e-8, 7e-8)] * 8
    huge = [(60_000.00000001, 60_000.00000009, 59_999.9, 60_000.00000003)] * 6
    second = range(0, 22, 2)
    return {
        "a tick of 0.05": request_of(
            bars_of(coarse), enter=second, protection=BOTH, market=tick
        ),
        "a stop within the tick": request_of(
            bars_of(coarse),
            enter=second,
            protection=Protection(0.0001, 0.0001),
            market=tick,
        ),
        "prices of a few ticks": request_of(
            bars_of(tiny),
            enter=range(0, 14, 3),
            protection=BOTH,
            market=finest,
            sizing=Sizing(SizingKind.FIXED_QUOTE, 0.01),
            capital=1.0,
        ),
        "more digits than a return has": request_of(
            bars_of(huge),
            enter=[0],
            protection=Protection(take_profit=0.000000000001),
            market=finest,
        ),
        "slippage": request_of(
            UP_AND_DOWN, enter=EVERY, protection=BOTH, costs=Costs(0.0, 0.01)
        ),
    }


def _sizes() -> dict[str, RunRequest]:
    falling = [(100, 100, 90, 90), (90, 100, 90, 100)] * 20
    enter, leave = range(0, 50, 7), range(3, 50, 7)
    everything = Sizing(SizingKind.PERCENT_OF_EQUITY, 1.0)
    risk = Sizing(SizingKind.RISK_PER_TRADE, 0.01)
    return {
        "sizes below the minimum": request_of(
            UP_AND_DOWN,
            enter=enter,
            leave=leave,
            market=replace(FREE, min_notional=Decimal(1001)),
        ),
        "a stake below one step": request_of(
            UP_AND_DOWN,
            enter=enter,
            leave=leave,
            market=replace(FREE, quantity_step=Decimal(11)),
        ),
        "steps of a half": request_of(
            UP_AND_DOWN,
            enter=enter,
            leave=leave,
            market=replace(FREE, quantity_step=Decimal("0.5")),
        ),
        "too little cash": request_of(
            bars_of(falling),
            enter=range(0, 38, 4),
            leave=range(2, 38, 4),
            capital=1_020.0,
            costs=Costs(0.0, 0.002),
        ),
        "all of the equity": request_of(
            UP_AND_DOWN, enter=EVERY, leave=range(3, 50, 5), sizing=everything
        ),
        "a risk per trade": request_of(
            UP_AND_DOWN,
            enter=EVERY,
            protection=Protection(stop_loss=0.03),
            sizing=risk,
        ),
        "a stop at the entry loses nothing": request_of(
            UP_AND_DOWN,
            enter=EVERY,
            protection=Protection(stop_loss=0.00001),
            sizing=risk,
        ),
    }


def _ends() -> dict[str, RunRequest]:
    gapped = bars_of([FLAT, FLAT, (100, 102, 98, 101), (101, 103, 100, 102), FLAT])
    time = gapped.time.copy()
    time[3:] += 7 * HOUR_NS
    silent = replace(UP_AND_DOWN, volume=np.zeros(len(ROWS)))
    none = bars_of([FLAT] * 2)
    columns = ("time", "open", "high", "low", "close", "volume")
    none = replace(none, **{name: getattr(none, name)[:0] for name in columns})
    return {
        "a gap inside of a position": request_of(
            replace(gapped, time=time), enter=[0], leave=[3], protection=Protection(0.5)
        ),
        "no volume": request_of(silent, enter=EVERY, leave=range(3, 50, 5)),
        "no entry at all": request_of(bars_of([FLAT] * 5)),
        "a trade that never closes": request_of(bars_of([FLAT] * 9), enter=[2]),
        "an entry on the last bar": request_of(bars_of([FLAT] * 4), enter=[2]),
        "two bars": request_of(bars_of([FLAT] * 2), enter=[0]),
        "no bars": request_of(none),
    }

"""A small made-up request, for warming an engine up."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

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

HOUR_NS = 3_600_000_000_000
PERIOD = 16  # bars from one entry signal to the next


def sample_request(
    *, bars: int = 64, protection: Protection | None = None
) -> RunRequest:
    """Return a request over a made-up sine of prices around 100.

    Args:
        bars: How many hourly bars.
        protection: Stops and target; none where left out.
    """
    wave = np.round(100.0 + 10.0 * np.sin(np.arange(bars + 1) / 5.0), 2)
    open_, close = wave[:-1], wave[1:]
    index = np.arange(bars)
    none = np.zeros(bars, dtype=np.bool_)
    return RunRequest(
        bars=Bars(
            time=index * HOUR_NS,
            open=open_,
            high=np.maximum(open_, close),
            low=np.minimum(open_, close),
            close=close,
            volume=np.ones(bars),
            timeframe_ns=HOUR_NS,
        ),
        signals=Signals(
            index % PERIOD == 0, index % PERIOD == PERIOD // 2, none, none.copy()
        ),
        market=MarketRules(
            price_tick=Decimal("0.01"),
            quantity_step=Decimal("0.00001"),
            min_quantity=Decimal(0),
            min_notional=Decimal(0),
        ),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 1_000.0),
        protection=protection or Protection(),
        costs=Costs(fee_rate=0.001, slippage_rate=0.0),
        capital=10_000.0,
    )

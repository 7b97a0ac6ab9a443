"""Small runs for tests: bars, trades and equity made from a few figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import Bars, ExitReason, RunResult, Skipped, Trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import FloatArray

START_NS = 1_577_836_800_000_000_000  # 2020-01-01T00:00:00Z

type TradeRow = tuple[int, int, float, str]


def bars_make(
    closes: Sequence[float] | FloatArray,
    *,
    timeframe_ns: int,
    steps: Sequence[int] | None = None,
) -> Bars:
    """Make bars that open at the previous close, on the given steps of the timeframe."""
    close = np.asarray(closes, dtype=np.float64)
    opened = np.concatenate((close[:1], close[:-1]))
    index = np.arange(len(close)) if steps is None else np.asarray(steps)
    return Bars(
        time=START_NS + index.astype(np.int64) * timeframe_ns,
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=np.ones(len(close)),
        timeframe_ns=timeframe_ns,
    )


def result_make(
    equity: Sequence[float] | FloatArray, *, trades: Sequence[TradeRow] = ()
) -> RunResult:
    """Make a result; a trade is (entry bar, exit bar, profit, exit reason).

    Every trade is of one unit, enters at 12, exits at 9 and at 12 by turns, and pays a
    fee of 1 on each side; its profit is what the row says.
    """
    count = len(trades)
    exits = np.where(np.arange(count) % 2 == 0, 9.0, 12.0)
    reasons = list(ExitReason)
    return RunResult(
        trades=Trades(
            entry_bar=np.array([row[0] for row in trades], dtype=np.int64),
            exit_bar=np.array([row[1] for row in trades], dtype=np.int64),
            side=np.ones(count, dtype=np.int8),
            quantity=np.ones(count),
            entry_price=np.full(count, 12.0),
            exit_price=exits,
            entry_fee=np.ones(count),
            exit_fee=np.ones(count),
            profit=np.array([row[2] for row in trades], dtype=np.float64),
            exit_reason=np.array(
                [reasons.index(ExitReason(row[3])) for row in trades], dtype=np.int8
            ),
            gaps=np.zeros(count, dtype=np.int64),
        ),
        equity=np.asarray(equity, dtype=np.float64),
        skipped=Skipped(),
        engine_seconds=0.0,
    )

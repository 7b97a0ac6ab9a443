"""What quotes on an order book were worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray
    from apps.engines.market_making import MarketMakingResult

# Sums of steps such as 0.1 are told without the noise of their binary fractions.
DECIMALS = 12


def making_figures(result: MarketMakingResult) -> dict[str, float | int | None]:
    """Return the figures of a run by name; None where one is undefined.

    Args:
        result: What the engine gave back.
    """
    fills = result.fills
    signed = fills.side * fills.quantity
    return {
        "quotes": result.quotes,
        "refused": result.refused,
        "fills": len(fills),
        "buys": int(np.count_nonzero(fills.side > 0)),
        "sells": int(np.count_nonzero(fills.side < 0)),
        "fill_ratio": _number(result.fill_ratio),
        "spread_capture_bps": _number(result.spread_capture),
        "adverse_selection_bps": _number(result.adverse_selection),
        "final_equity": _number(_last(result.equity)),
        "maximum_drawdown": _number(drawdown(result.equity)),
        "final_inventory": _number(_last(result.inventory)),
        "maximum_inventory": _number(float(np.abs(np.cumsum(signed)).max(initial=0.0))),
        "turnover": _number(float(np.sum(fills.price * fills.quantity))),
        "fees": _number(float(np.sum(fills.fee))),
        "events": result.events,
        "records": len(result.time),
    }


def drawdown(equity: FloatArray) -> float:
    """Return the largest fall of equity from its highest before, quote units, 0 or more.

    Args:
        equity: Quote units, (m,); it begins from 0, which counts as a height.
    """
    if not len(equity):
        return 0.0
    heights = np.maximum.accumulate(np.maximum(equity, 0.0))
    return float((heights - equity).max())


def _last(values: FloatArray) -> float:
    return float(values[-1]) if len(values) else 0.0


def _number(value: float) -> float | None:
    # JSON knows no NaN.
    return round(float(value), DECIMALS) if math.isfinite(value) else None

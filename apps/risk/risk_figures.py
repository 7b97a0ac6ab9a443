"""Value at risk of a portfolio's daily returns, and its backtests, as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.core.exact import plain, times
from apps.measures import value_at_risk as measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import FloatArray


def risk_figures(
    returns: Sequence[float],
    *,
    total: Decimal,
    confidences: Sequence[float],
    horizon_days: int,
    window: int,
) -> dict[str, Any]:
    """Return value at risk and shortfall by each method, and how forecasts held.

    Args:
        returns: Of all holdings together, a fraction for each day, oldest first.
        total: What they are fractions of.
        confidences: Between 0.5 and 1, each.
        horizon_days: Over how many days a loss is told; by the square root of time.
        window: How many days a forecast of the backtest is made of.
    """
    past = np.array(returns, dtype=np.float64)
    root = math.sqrt(horizon_days)

    def told(loss: measures.Loss | None) -> dict[str, Any] | None:
        if loss is None:
            return None
        parts = {
            "value_at_risk": loss.value_at_risk * root,
            "expected_shortfall": loss.shortfall * root,
        }
        amounts = {f"{name}_amount": _amount(one, total) for name, one in parts.items()}
        return parts | amounts

    losses, tests = [], []
    for confidence in confidences:
        modified = measures.cornish_fisher_var(past, confidence=confidence)
        scaled = None if modified is None else modified * root
        losses.append(
            {
                "confidence": confidence,
                "historical": told(
                    measures.historical_loss(past, confidence=confidence)
                ),
                "normal": told(measures.normal_loss(past, confidence=confidence)),
                "cornish_fisher": None
                if scaled is None
                else {
                    "value_at_risk": scaled,
                    "value_at_risk_amount": _amount(scaled, total),
                },
            }
        )
        tests += [
            _backtest(past, window, confidence, parametric=parametric)
            for parametric in (False, True)
        ]
    return {"losses": losses, "backtests": tests}


def _backtest(
    past: FloatArray, window: int, confidence: float, *, parametric: bool
) -> dict[str, Any]:
    hits = measures.exceedances(
        past, window=window, confidence=confidence, parametric=parametric
    )
    count = int(hits.sum())
    kupiec = measures.kupiec(count, len(hits), confidence=confidence)
    independent = measures.christoffersen(hits)
    return {
        "confidence": confidence,
        "method": "normal" if parametric else "historical",
        "window": window,
        "days": len(hits),
        "exceedances": count,
        "expected": len(hits) * (1 - confidence),
        "kupiec": None if kupiec is None else asdict(kupiec),
        "christoffersen": None if independent is None else asdict(independent),
    }


def _amount(fraction: float, total: Decimal) -> str:
    return plain(times(Decimal(repr(fraction)), total))

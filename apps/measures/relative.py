"""Risk and return against a benchmark, by regression of one on the other.

"Bacon" is Bacon, *Practical Portfolio Performance Measurement and Attribution*,
2nd ed., Wiley 2008, whose risks are population figures (`ddof=0`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.measures.quotient import ROUNDING, quotient
from apps.measures.returns import annual_return, volatility

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray


@dataclass(frozen=True, slots=True)
class RiskSplit:
    """Annual risk in the part that the benchmark explains and the rest.

    Attributes:
        beta: Slope of the regression of the returns on the benchmark's.
        systematic: `|beta|` times the benchmark's volatility, a fraction a year.
        specific: Volatility of the residual, a fraction a year.
        total: `sqrt(systematic² + specific²)`, a fraction a year.
    """

    beta: float
    systematic: float
    specific: float
    total: float


def risk_split(
    returns: FloatArray, benchmark: FloatArray, *, periods_per_year: float
) -> RiskSplit | None:
    """Split annual risk into systematic and specific (Bacon, p. 75).

    Args:
        returns: Fractions per period, shape (n,).
        benchmark: Fractions of the same periods, shape (n,).
        periods_per_year: How many such periods a year has.

    Returns:
        The split, or None where the benchmark has no variance.
    """
    if len(returns) == 0:
        return None
    excess = benchmark - benchmark.mean()
    beta = quotient(
        float((excess * (returns - returns.mean())).mean()),
        float((excess * excess).mean()),
        tolerance=ROUNDING**2,
    )
    if beta is None:
        return None
    annual = math.sqrt(periods_per_year)
    systematic = abs(beta) * float(benchmark.std()) * annual
    specific = float((returns - beta * benchmark).std()) * annual
    return RiskSplit(
        beta=beta,
        systematic=systematic,
        specific=specific,
        total=math.hypot(systematic, specific),
    )


def m_squared(
    returns: FloatArray,
    benchmark: FloatArray,
    *,
    periods_per_year: float,
    annual_risk_free: float = 0.0,
) -> float | None:
    """Compute the return that the portfolio would have at the benchmark's risk.

    `(R - rf) * sigma_benchmark / sigma + rf` with geometric annual returns: Modigliani
    and Modigliani, "Risk-Adjusted Performance", Journal of Portfolio Management 23(2),
    1997, pp. 45-54; Bacon, pp. 67-68.

    Args:
        returns: Fractions per period, shape (n,).
        benchmark: Fractions of the same periods, shape (n,).
        periods_per_year: How many such periods a year has.
        annual_risk_free: Riskless return a year.

    Returns:
        A fraction a year, or None where the returns have no variance.
    """
    growth = annual_return(returns, periods_per_year=periods_per_year)
    risk = volatility(returns, periods_per_year=periods_per_year, ddof=0)
    market = volatility(benchmark, periods_per_year=periods_per_year, ddof=0)
    if growth is None or risk is None or market is None:
        return None
    scale = quotient(market, risk, tolerance=ROUNDING)
    return (
        None
        if scale is None
        else (growth - annual_risk_free) * scale + annual_risk_free
    )

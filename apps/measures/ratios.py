"""Return per unit of risk, over a series of returns.

Returns and rates are fractions per period unless a name says annual. "Bacon" is Bacon,
*Practical Portfolio Performance Measurement and Attribution*, 2nd ed., Wiley 2008.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.measures.drawdown import losing_runs
from apps.measures.moments import (
    downside_deviation,
    downside_potential,
    kurtosis,
    skewness,
)
from apps.measures.quotient import ROUNDING, finite, quotient
from apps.measures.returns import annual_return, volatility

if TYPE_CHECKING:
    from apps.engines.contracts import FloatArray

NORMAL_KURTOSIS = 3.0


def sharpe(
    returns: FloatArray,
    *,
    periods_per_year: float,
    risk_free: float = 0.0,
    ddof: int = 1,
) -> float | None:
    """Compute the annualised Sharpe ratio.

    `mean(r - risk_free) / std(r) * sqrt(periods_per_year)`: Sharpe, "The Sharpe Ratio",
    Journal of Portfolio Management 21(1), 1994, pp. 49-58; Chan, *Quantitative
    Trading*, Wiley 2008, ch. 3.

    Args:
        returns: Fractions per period, shape (n,).
        periods_per_year: How many such periods a year has; 1 gives the ratio per
            period.
        risk_free: Riskless return per period.
        ddof: 1 for a sample's deviation, 0 for a population's.

    Returns:
        The ratio, or None with too few returns or without variance.
    """
    if len(returns) <= ddof:
        return None
    ratio = quotient(
        float((returns - risk_free).mean()),
        float(returns.std(ddof=ddof)),
        tolerance=ROUNDING,
    )
    return None if ratio is None else ratio * math.sqrt(periods_per_year)


def sortino(
    returns: FloatArray, *, periods_per_year: float, target: float = 0.0
) -> float | None:
    """Compute the annualised Sortino ratio.

    `mean(r - target) / downside_deviation(r, target) * sqrt(periods_per_year)`: Sortino
    and Price, Journal of Investing 3(3), 1994, pp. 59-65; as Kappa of order 2, Bacon,
    p. 96.

    Args:
        returns: Fractions per period, shape (n,).
        periods_per_year: How many such periods a year has; 1 gives the ratio per
            period.
        target: The minimum acceptable return per period.

    Returns:
        The ratio, or None where no return falls short of the target.
    """
    deviation = downside_deviation(returns, target=target)
    if deviation is None:
        return None
    ratio = quotient(float((returns - target).mean()), deviation, tolerance=ROUNDING)
    return None if ratio is None else ratio * math.sqrt(periods_per_year)


def calmar(annual_growth: float, deepest: float) -> float | None:
    """Return annual growth over the maximum drawdown, both fractions.

    Young, "Calmar Ratio: A Smoother Tool", Futures 20(1), 1991, p. 40, over the whole
    run instead of 36 months. None without a drawdown.
    """
    return quotient(annual_growth, deepest, tolerance=ROUNDING)


def martin_ratio(
    annual_growth: float, ulcer: float, *, annual_risk_free: float = 0.0
) -> float | None:
    """Return annual excess growth over the ulcer index, all fractions (Bacon, p. 91)."""
    return quotient(annual_growth - annual_risk_free, ulcer, tolerance=ROUNDING)


def burke_ratio(
    returns: FloatArray, *, periods_per_year: float, annual_risk_free: float = 0.0
) -> float | None:
    """Compute annual excess return over the root of the sum of squared losing runs.

    Burke, "A Sharper Sharpe Ratio", Futures 23(3), 1994, p. 56; Bacon, pp. 90-91.

    Args:
        returns: Fractions per period, shape (n,).
        periods_per_year: How many such periods a year has.
        annual_risk_free: Riskless return a year.

    Returns:
        The ratio, or None without a loss.
    """
    growth = annual_return(returns, periods_per_year=periods_per_year)
    if growth is None:
        return None
    losses = math.sqrt(np.square(losing_runs(returns)).sum())
    return quotient(growth - annual_risk_free, losses, tolerance=ROUNDING)


def adjusted_sharpe(
    returns: FloatArray, *, periods_per_year: float, ddof: int = 1
) -> float | None:
    """Compute the Sharpe ratio with a penalty for negative skew and fat tails.

    `SR * (1 + S/6 * SR - (K - 3)/24 * SR²)` with the geometric annual return over the
    annual volatility as SR, and population S and K: Pezier and White, "The Relative
    Merits of Investable Hedge Fund Indices", ICMA Centre 2006; Bacon, p. 99.

    Args:
        returns: Fractions per period, shape (n,).
        periods_per_year: How many such periods a year has.
        ddof: 1 for a sample's deviation in SR, 0 for a population's.

    Returns:
        The ratio, or None where one of its parts is undefined.
    """
    growth = annual_return(returns, periods_per_year=periods_per_year)
    risk = volatility(returns, periods_per_year=periods_per_year, ddof=ddof)
    skew, tails = skewness(returns), kurtosis(returns)
    if growth is None or risk is None or skew is None or tails is None:
        return None
    plain = quotient(growth, risk, tolerance=ROUNDING)
    if plain is None:
        return None
    penalty = skew / 6 * plain - (tails - NORMAL_KURTOSIS) / 24 * plain**2
    return finite(plain * (1 + penalty))


def skewness_kurtosis_ratio(returns: FloatArray) -> float | None:
    """Return population skewness over population kurtosis (Bacon, p. 100).

    Args:
        returns: Fractions per period, shape (n,).
    """
    skew, tails = skewness(returns), kurtosis(returns)
    return None if skew is None or tails is None else quotient(skew, tails)


def omega_sharpe(returns: FloatArray, *, target: float = 0.0) -> float | None:
    """Return `mean(r - target) / downside_potential`, omega minus 1 (Bacon, p. 95).

    Args:
        returns: Fractions per period, shape (n,).
        target: The minimum acceptable return per period.
    """
    shortfall = downside_potential(returns, target=target)
    if shortfall is None:
        return None
    return quotient(float((returns - target).mean()), shortfall, tolerance=ROUNDING)


def gain_loss_ratio(returns: FloatArray) -> float | None:
    """Return the sum of gains over the sum of losses of all periods.

    Bernardo and Ledoit, "Gain, Loss, and Asset Pricing", Journal of Political Economy
    108(1), 2000, pp. 144-172; Bacon, p. 95.

    Args:
        returns: Fractions per period, shape (n,).
    """
    gains = float(np.maximum(returns, 0.0).sum())
    losses = float(np.maximum(-returns, 0.0).sum())
    return quotient(gains, losses, tolerance=ROUNDING)


def d_ratio(returns: FloatArray) -> float | None:
    """Return losses times their number over gains times theirs (Bacon, p. 95).

    Lower is better; 0 without a loss.

    Args:
        returns: Fractions per period, shape (n,).
    """
    gains = float(np.maximum(returns, 0.0).sum())
    losses = float(np.maximum(-returns, 0.0).sum())
    return quotient(
        losses * np.count_nonzero(returns < 0),
        gains * np.count_nonzero(returns > 0),
        tolerance=ROUNDING,
    )

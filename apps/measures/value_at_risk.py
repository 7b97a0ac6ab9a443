"""What may be lost: value at risk and expected shortfall, and whether they held.

Losses are positive fractions of what is held. A confidence of 0.95 leaves one period in
20 worse. "Jorion" is *Value at Risk*, 3rd ed., McGraw-Hill 2006; "Dowd" is *Measuring
Market Risk*, 2nd ed., Wiley 2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from apps.measures.moments import kurtosis, skewness
from apps.measures.quotient import finite, quotient
from apps.measures.ratios import NORMAL_KURTOSIS

if TYPE_CHECKING:
    from apps.engines.contracts import BoolArray, FloatArray

_NORMAL = NormalDist()
# Up to so many deviations the Cornish-Fisher expansion has to rise.
_FARTHEST = 5.0


@dataclass(frozen=True, slots=True)
class Loss:
    """What may be lost in a period at a confidence.

    Attributes:
        value_at_risk: The loss that is exceeded in `1 - confidence` of the periods;
            below zero where even that period gains.
        shortfall: The mean loss of those periods; at least `value_at_risk`.
    """

    value_at_risk: float
    shortfall: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a test says of a model.

    Attributes:
        statistic: The likelihood ratio; 0 is a perfect fit.
        p_value: How probable a worse fit is if the model is right.
    """

    statistic: float
    p_value: float


def historical_loss(returns: FloatArray, *, confidence: float) -> Loss | None:
    """Return the loss that the past itself shows.

    With `k = ceil(n * (1 - confidence))` the k-th worst return is the value at risk,
    and the mean of the k worst the shortfall: Dowd, ch. 4; Acerbi and Tasche, "On the
    Coherence of Expected Shortfall", Journal of Banking & Finance 26(7), 2002,
    pp. 1487-1503. No value is made between two returns, so that the value at risk is one
    that was seen.

    Args:
        returns: Fractions per period, shape (n,).
        confidence: Between 0 and 1.

    Returns:
        The loss; None without returns.
    """
    if len(returns) == 0:
        return None
    # A product a hair above a whole number is that number.
    worst = max(1, math.ceil(len(returns) * (1 - confidence) - 1e-9))
    tail = np.sort(returns)[:worst]
    return Loss(float(-tail[-1]), float(-tail.mean()))


def normal_loss(returns: FloatArray, *, confidence: float) -> Loss | None:
    """Return the loss of a normal distribution of the returns' mean and deviation.

    `z * sigma - mu` and `sigma * phi(z) / (1 - confidence) - mu` with the sample's
    deviation: Jorion, ch. 5; McNeil, Frey and Embrechts, *Quantitative Risk
    Management*, Princeton 2005, ex. 2.14 and 2.18.

    Args:
        returns: Fractions per period, shape (n,).
        confidence: Between 0 and 1.

    Returns:
        The loss; None with less than two returns.
    """
    minimum = 2
    if len(returns) < minimum:
        return None
    mean, spread = float(returns.mean()), float(returns.std(ddof=1))
    z = _NORMAL.inv_cdf(confidence)
    shortfall = spread * _NORMAL.pdf(z) / (1 - confidence) - mean
    return Loss(z * spread - mean, shortfall)


def cornish_fisher_var(returns: FloatArray, *, confidence: float) -> float | None:
    """Return the normal value at risk corrected for skewness and fat tails.

    `-(mu + w * sigma)` with `w = z + (z² - 1) S / 6 + (z³ - 3z) K / 24 -
    (2z³ - 5z) S² / 36` at the lower `z`, population S and excess K: Favre and Galeano,
    "Mean-Modified Value-at-Risk Optimization with Hedge Funds", Journal of Alternative
    Investments 5(2), 2002, pp. 21-25. Only where the expansion rises with z is it a
    quantile (Maillard, "A User's Guide to the Cornish Fisher Expansion", 2012): it has to
    up to five deviations.

    Args:
        returns: Fractions per period, shape (n,).
        confidence: Between 0 and 1.

    Returns:
        A fraction; None without variance, or where the expansion is no quantile.
    """
    skew, tails = skewness(returns), kurtosis(returns)
    if skew is None or tails is None:
        return None
    excess = tails - NORMAL_KURTOSIS
    if not _rises(skew, excess):
        return None
    z = _NORMAL.inv_cdf(1 - confidence)
    quantile = (
        z
        + (z**2 - 1) * skew / 6
        + (z**3 - 3 * z) * excess / 24
        - (2 * z**3 - 5 * z) * skew**2 / 36
    )
    return finite(-(float(returns.mean()) + quantile * float(returns.std(ddof=1))))


def _rises(skew: float, excess: float) -> bool:
    """Return whether the expansion's derivative, a quadratic, is above zero nearby."""
    square = excess / 8 - skew**2 / 6
    linear = skew / 3
    constant = 1 - excess / 8 + 5 * skew**2 / 36
    places = [-_FARTHEST, _FARTHEST]
    if square and abs(linear / (2 * square)) < _FARTHEST:
        places.append(-linear / (2 * square))
    return all(square * z**2 + linear * z + constant > 0 for z in places)


def exceedances(
    returns: FloatArray, *, window: int, confidence: float, parametric: bool = False
) -> BoolArray:
    """Say for each period whether it lost more than was forecast the period before.

    Args:
        returns: Fractions per period, oldest first, shape (n,).
        window: How many periods a forecast is made of.
        confidence: Of the forecasts.
        parametric: Whether the forecasts are normal ones; else historical.

    Returns:
        One for each period after the first `window`, shape (n - window,).
    """
    forecast = normal_loss if parametric else historical_loss
    hits = np.zeros(max(len(returns) - window, 0), dtype=np.bool_)
    for i in range(len(hits)):
        loss = forecast(returns[i : i + window], confidence=confidence)
        hits[i] = loss is not None and -returns[i + window] > loss.value_at_risk
    return hits


def kupiec(hits: int, periods: int, *, confidence: float) -> Verdict | None:
    """Test whether the share of exceedances is what it should be.

    The likelihood ratio of the proportion of failures, chi-squared with one degree of
    freedom: Kupiec, "Techniques for Verifying the Accuracy of Risk Measurement Models",
    Journal of Derivatives 3(2), 1995, pp. 73-84.

    Args:
        hits: How many periods lost more than forecast.
        periods: How many there were.
        confidence: Of the forecasts.

    Returns:
        The verdict; None without periods.
    """
    if periods <= 0:
        return None
    share = hits / periods
    likely = _bernoulli(hits, periods - hits, 1 - confidence)
    best = _bernoulli(hits, periods - hits, share)
    ratio = max(0.0, 2 * (best - likely))
    return Verdict(ratio, math.erfc(math.sqrt(ratio / 2)))


def christoffersen(hits: BoolArray) -> Verdict | None:
    """Test whether an exceedance says nothing about the next period.

    The likelihood ratio of independence against a first-order Markov chain, chi-squared
    with one degree of freedom: Christoffersen, "Evaluating Interval Forecasts",
    International Economic Review 39(4), 1998, pp. 841-862.

    Args:
        hits: Of periods that follow each other, shape (n,).

    Returns:
        The verdict; None where there is nothing to tell: less than two periods, or no
        exceedance that another period follows.
    """
    before, after = hits[:-1], hits[1:]
    counts = {
        (one, other): int(np.count_nonzero((before == one) & (after == other)))
        for one in (False, True)
        for other in (False, True)
    }
    calm, struck = (counts[one, False] + counts[one, True] for one in (False, True))
    if not calm or not struck:
        return None
    share = quotient(counts[False, True] + counts[True, True], calm + struck) or 0.0
    together = _bernoulli(
        counts[False, True] + counts[True, True],
        counts[False, False] + counts[True, False],
        share,
    )
    apart = sum(
        _bernoulli(counts[one, True], counts[one, False], counts[one, True] / all_)
        for one, all_ in ((False, calm), (True, struck))
    )
    ratio = max(0.0, 2 * (apart - together))
    return Verdict(ratio, math.erfc(math.sqrt(ratio / 2)))


def _bernoulli(hits: int, misses: int, share: float) -> float:
    """Return the logarithm of a likelihood; 0 * log 0 is 0."""
    return (hits * math.log(share) if hits else 0.0) + (
        misses * math.log1p(-share) if misses else 0.0
    )

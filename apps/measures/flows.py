"""Return where money came in and left: time-weighted, and money-weighted.

Plain floats without numpy, so that a web process may use it. Bacon is *Practical
Portfolio Performance Measurement and Attribution*, 2nd ed., Wiley 2008.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from apps.measures.quotient import finite, quotient

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_PER_YEAR = 365.0
# Growth is looked for from e**-40 to e**40: beyond that nothing is left, or it is no
# return that anybody had.
_FARTHEST = 40.0
_STEPS = 320
_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that came in, or left.

    Attributes:
        days: When, from the beginning on, fractions included.
        amount: What came in; below zero where it left.
    """

    days: float
    amount: float


def time_weighted(values: Sequence[float], flows: Sequence[float]) -> float | None:
    """Return the return that one unit had which was there all the time.

    `prod((V_i - F_i) / V_(i-1)) - 1`: Bacon, ch. 2; CFA Institute, *Global Investment
    Performance Standards*, 2020, 2.A. How much came in or left does not change it.

    Args:
        values: What there was at each valuation, the flow of that moment in it.
        flows: What came in at each valuation, less what left; the first counts as there
            from the beginning.

    Returns:
        A fraction; None with less than two values, or where one of those that something
        is earned on is not above zero.
    """
    minimum = 2
    if len(values) < minimum or any(one <= 0 for one in values[:-1]):
        return None
    growth = 1.0
    for before, value, flow in zip(values, values[1:], flows[1:], strict=False):
        growth *= (value - flow) / before
    return finite(growth - 1.0)


def modified_dietz(
    begin: float, end: float, flows: Sequence[Flow], days: float
) -> float | None:
    """Return the gain over the average capital, flows weighted by their time.

    `(E - B - sum(F)) / (B + sum(F * (T - t) / T))`: Dietz, *Pension Funds: Measuring
    Investment Performance*, Free Press 1966; Bacon, ch. 2.

    Args:
        begin: Value at the beginning.
        end: Value at the end.
        flows: What came in and left between.
        days: From the beginning to the end.

    Returns:
        A fraction of the whole time; None where the average capital is not above zero.
    """
    if days <= 0:
        return None
    gain = end - begin - sum(one.amount for one in flows)
    average = begin + sum(one.amount * (days - one.days) / days for one in flows)
    return quotient(gain, average) if average > 0 else None


def money_weighted(
    begin: float, end: float, flows: Sequence[Flow], days: float
) -> float | None:
    """Return the constant growth that turns what came in into what there is.

    The `R` of `B * (1 + R) + sum(F * (1 + R) ** ((T - t) / T)) = E`, the internal rate
    of return of the whole time: Bacon, ch. 2. With `x = 1 + R` the left side less the
    right is a sum of real powers of x. By Descartes' rule of signs, which holds for real
    exponents too (Pólya and Szegő, *Problems and Theorems in Analysis II*, part V, no.
    77), it has at most as many roots above zero as its coefficients, in the order of
    their exponents, change sign. Where they change once there is one root, which is
    bracketed and halved. Where they change more often the rate may not be one number:
    it is taken only where a scan finds a single crossing.

    Args:
        begin: Value at the beginning, not below zero.
        end: Value at the end, not below zero.
        flows: What came in and left between, in any order.
        days: From the beginning to the end.

    Returns:
        A fraction of the whole time, -1 where nothing is left; None where no rate or
        more than one fits.
    """
    if days <= 0 or not all(map(math.isfinite, (begin, end, days))):
        return None
    terms = _terms(begin, end, flows, days)
    if not terms or not _changes(terms):
        # Everything was lost: no finite rate, but a limit.
        lost = end == 0 and begin > 0 and all(one.amount >= 0 for one in flows)
        return -1.0 if lost else None
    brackets = _brackets(terms)
    if len(brackets) != 1:
        return None
    return finite(math.expm1(_halved(terms, *brackets[0])))


def annualised(growth: float | None, days: float) -> float | None:
    """Return a return as a rate a year; None for less than a year.

    `(1 + R) ** (365 / days) - 1`. Returns of less than a year are not annualised: CFA
    Institute, *Global Investment Performance Standards*, 2020, 2.A.

    Args:
        growth: A fraction of the whole time.
        days: How long it was.
    """
    if growth is None or days < DAYS_PER_YEAR or growth < -1:
        return None
    if growth == -1:
        return -1.0
    return finite(math.expm1(math.log1p(growth) * DAYS_PER_YEAR / days))


def _terms(
    begin: float, end: float, flows: Sequence[Flow], days: float
) -> list[tuple[float, float]]:
    """Return exponents and coefficients, highest exponents first, zeros left out."""
    sums: dict[float, float] = {1.0: begin, 0.0: -end}
    for one in flows:
        left = min(max((days - one.days) / days, 0.0), 1.0)
        sums[left] = sums.get(left, 0.0) + one.amount
    return [(power, sums[power]) for power in sorted(sums, reverse=True) if sums[power]]


def _changes(terms: Sequence[tuple[float, float]]) -> int:
    signs = [amount > 0 for _, amount in terms]
    return sum(one != other for one, other in pairwise(signs))


def _value(terms: Sequence[tuple[float, float]], log: float) -> float:
    return math.fsum(amount * math.exp(power * log) for power, amount in terms)


def _brackets(terms: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the steps of log growth between which the sum changes its sign."""
    found: list[tuple[float, float]] = []
    width = 2 * _FARTHEST / _STEPS
    # Off the round numbers: growth of exactly 1 is no edge.
    low = -_FARTHEST - width / math.pi
    before = _value(terms, low)
    for _ in range(_STEPS + 1):
        high = low + width
        value = _value(terms, high)
        if (before > 0) != (value > 0):
            found.append((low, high))
        low, before = high, value
    return found


def _halved(terms: Sequence[tuple[float, float]], low: float, high: float) -> float:
    rises = _value(terms, high) > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if (_value(terms, middle) > 0) == rises:
            high = middle
        else:
            low = middle
    return (low + high) / 2

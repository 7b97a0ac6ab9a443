"""How much to trade: plain arithmetic, exact where it is given exact numbers.

Nothing here knows an account or a market; `step_floor` brings a quantity to a market's
grid. No numpy: a web process computes it.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

# Wide enough for products of two amounts of 36 digits.
_WIDE = Context(prec=76, rounding=ROUND_FLOOR)


def step_floor(quantity: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of a step that is not above a quantity.

    Args:
        quantity: Base units, not below zero.
        step: Of the market's quantities, above zero.
    """
    return _WIDE.multiply(_WIDE.divide_int(quantity, step), step)


def fixed_fraction(
    *, equity: Decimal, fraction: Decimal, entry: Decimal, stop: Decimal
) -> Decimal:
    """Return the quantity that loses a fraction of equity where the stop is met.

    `equity * fraction / |entry - stop|`, fees and slippage apart: the percent risk
    model of Tharp, *Trade Your Way to Financial Freedom*, McGraw-Hill 1999, ch. 12.

    Args:
        equity: Quote units.
        fraction: Of it that may be lost, from 0 to 1.
        entry: Quote per base.
        stop: Quote per base, not the entry.

    Returns:
        Base units, rounded down to 76 digits.
    """
    distance = _WIDE.subtract(entry, stop).copy_abs()
    return _WIDE.divide(_WIDE.multiply(equity, fraction), distance)


def volatility_target(
    *, equity: Decimal, target: Decimal, volatility: Decimal, price: Decimal
) -> Decimal:
    """Return the quantity whose value varies as much as is wanted.

    `equity * target / (volatility * price)`: Carver, *Systematic Trading*, Harriman
    House 2015, ch. 9 and 10.

    Args:
        equity: Quote units.
        target: Standard deviation of equity a year that is wanted, a fraction.
        volatility: Standard deviation of the market's returns a year, a fraction.
        price: Quote per base.

    Returns:
        Base units, rounded down to 76 digits.
    """
    return _WIDE.divide(
        _WIDE.multiply(equity, target), _WIDE.multiply(volatility, price)
    )


def kelly_of_bets(*, win_rate: Decimal, payoff: Decimal) -> Decimal:
    """Return the fraction of equity to risk that grows it fastest in the long run.

    `p - (1 - p) / b`: Kelly, "A New Interpretation of Information Rate", Bell System
    Technical Journal 35(4), 1956, pp. 917-926; Thorp, "The Kelly Criterion in
    Blackjack, Sports Betting, and the Stock Market", 2006, section 2. What is risked is
    what is lost in a losing trade.

    Args:
        win_rate: Share of trades that win, from 0 to 1.
        payoff: Average win for each unit of the average loss, above zero.

    Returns:
        A fraction; below zero where the bets are not worth taking.
    """
    return _WIDE.subtract(win_rate, _WIDE.divide(_WIDE.subtract(1, win_rate), payoff))


def kelly_of_returns(*, mean: Decimal, variance: Decimal) -> Decimal:
    """Return the exposure, in units of equity, that grows it fastest in the long run.

    `mean / variance` of the excess returns of one unit of exposure, where they are
    small and many: Thorp (2006), section 7; Merton, "Lifetime Portfolio Selection under
    Uncertainty", Review of Economics and Statistics 51(3), 1969, pp. 247-257.

    Args:
        mean: Of the returns of a period, a fraction.
        variance: Of the returns of the same period, above zero.

    Returns:
        Notional in units of equity; below zero where the mean is.
    """
    return _WIDE.divide(mean, variance)

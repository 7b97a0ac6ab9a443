"""Prices on the tick and quantities on the step, the same for every engine.

A grid is kept as two whole numbers, so that `units * numerator / scale` is the float64
nearest to the decimal value: 7 ticks of 0.01 are 0.07, where 7 * 0.01 is not. The
functions take scalars or arrays, and the reference kernel compiles them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from decimal import Decimal

# A quotient this close to a whole number is that number: 100 * (1 - 0.05) is 95, not
# the next tick. The second term covers large quotients, whose float error grows.
ABSOLUTE = 1e-9
RELATIVE = 1e-15


@dataclass(frozen=True, slots=True)
class Grid:
    """Multiples of `numerator / scale`."""

    numerator: float
    scale: float


def grid_of(step: Decimal) -> Grid:
    """Return the grid of a tick or step such as 0.01 or 5.

    Raises:
        ValueError: The step is not a positive number.
    """
    if not step.is_finite() or step <= 0:
        msg = f"a tick or step must be a positive number, not {step}"
        raise ValueError(msg)
    numerator, denominator = step.as_integer_ratio()
    scale = 1
    while scale % denominator:
        scale *= 10
    return Grid(float(numerator * (scale // denominator)), float(scale))


def on_grid(units: Any, numerator: float, scale: float) -> Any:
    """Return the value of a whole number of units."""
    return units * numerator / scale


def floor_units(value: Any, numerator: float, scale: float) -> Any:
    """Return how many whole units fit into a value."""
    quotient = value * scale / numerator
    return np.floor(quotient + ABSOLUTE + np.abs(quotient) * RELATIVE)


def ceil_units(value: Any, numerator: float, scale: float) -> Any:
    """Return the fewest whole units that reach a value."""
    quotient = value * scale / numerator
    return np.ceil(quotient - ABSOLUTE - np.abs(quotient) * RELATIVE)


def round_units(value: Any, numerator: float, scale: float) -> Any:
    """Return the nearest whole number of units, halves upwards."""
    return np.floor(value * scale / numerator + 0.5)

"""What an indicator is: its inputs, parameters, outputs and where its formula is from.

This module holds data only and imports no numerical library, because the web process
serves the catalogue and should not pay for numpy, TA-Lib or numba.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    type FloatArray = NDArray[np.float64]
    type IntArray = NDArray[np.int64]
    type BoolArray = NDArray[np.bool_]

SINGLE_OUTPUT = "value"
"""The output's name in an indicator that has only one."""

FREE_INPUT = "real"
"""The input that takes any one series; the close unless something else is given."""

TIME_INPUT = "time"
"""Open times of the bars, int64 nanoseconds since the epoch, UTC."""

INPUT_NAMES = ("open", "high", "low", "close", "volume", TIME_INPUT, FREE_INPUT)


class Category(StrEnum):
    """What an indicator measures; the catalogue and the functions are cut by it."""

    TREND = "trend"
    MOMENTUM = "momentum"
    VOLATILITY = "volatility"
    VOLUME = "volume"
    STATISTICS = "statistics"
    PRICE = "price"


class Scaling(StrEnum):
    """The unit of an output, by how it follows its inputs.

    A strategy that compares two series of different scaling (a price with an
    oscillator) is comparing units that have nothing to do with each other. The free
    input `real` counts as a price.
    """

    NONE = "none"
    PRICE = "price"
    PRICE_SQUARED = "price_squared"
    VOLUME = "volume"
    PRICE_VOLUME = "price_volume"
    PRICE_SQUARED_PER_VOLUME = "price_squared_per_volume"

    @property
    def price_power(self) -> int:
        """The power of k by which an output grows when all prices grow k-fold."""
        return _POWERS[self][0]

    @property
    def volume_power(self) -> int:
        """The power of k by which an output grows when all volumes grow k-fold."""
        return _POWERS[self][1]


_POWERS: dict[Scaling, tuple[int, int]] = {
    Scaling.NONE: (0, 0),
    Scaling.PRICE: (1, 0),
    Scaling.PRICE_SQUARED: (2, 0),
    Scaling.VOLUME: (0, 1),
    Scaling.PRICE_VOLUME: (1, 1),
    Scaling.PRICE_SQUARED_PER_VOLUME: (2, -1),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a caller may choose.

    Attributes:
        name: How it is called in requests and in the function.
        kind: `int` for counts of bars, `float` for the rest.
        default: Taken where the caller says nothing.
        minimum: The smallest value allowed, itself included.
        maximum: The largest value allowed, itself included.
        description: What it does and its unit.
    """

    name: str
    kind: Literal["int", "float"]
    default: float
    minimum: float
    maximum: float
    description: str


@dataclass(frozen=True, slots=True)
class Output:
    """One series that an indicator returns.

    Attributes:
        name: `value` where there is only one.
        description: What it shows, and its range where it has one.
        scaling: Its unit.
    """

    name: str
    description: str
    scaling: Scaling


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """Everything about an indicator except its code.

    Attributes:
        name: Unique, snake case.
        title: For people.
        category: What it measures.
        inputs: Names from `INPUT_NAMES`, in the function's order.
        parameters: What may be chosen; the function's keyword arguments.
        outputs: In the order in which the function returns them.
        warmup: From resolved parameters to the number of leading bars without a
            value; all outputs of one indicator share it.
        source: Where the formula is published.
        description: One or two sentences on what it tells.
        function: Where the code is, `package.module:name`.
        increasing: Parameters that must be strictly increasing in this order.
    """

    name: str
    title: str
    category: Category
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    warmup: Callable[[Mapping[str, float]], int]
    source: str
    description: str
    function: str
    increasing: tuple[str, ...] = ()

"""What each function of the rule language does to whole series.

A part is a pair of values and mask; see `evaluate` for what the mask promises.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apps.strategies.rules.windows import over_window, shifted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    type AnyArray = NDArray[Any]
    type BoolArray = NDArray[np.bool_]


class Part(NamedTuple):
    """Values and where they are defined; shape (bars,), or () when all bars agree."""

    values: AnyArray
    defined: BoolArray


def finite(values: AnyArray, defined: BoolArray | None = None) -> Part:
    """Return a part that is defined where its values are finite, and nowhere else.

    Args:
        values: Numbers.
        defined: Where what the values were made of is defined.
    """
    is_finite = np.isfinite(values)
    return Part(values, is_finite if defined is None else is_finite & defined)


def _count(part: Part) -> int:
    return int(part.values)


def _shift(x: Part, count: Part) -> Part:
    return _earlier(x, _count(count))


def _earlier(x: Part, count: int) -> Part:
    # A value that is the same on every bar is the same on earlier ones.
    return Part(shifted(x.values, count), shifted(x.defined, count))


def _crosses_above(a: Part, b: Part) -> Part:
    before_a, before_b = _earlier(a, 1), _earlier(b, 1)
    values = (before_a.values <= before_b.values) & (a.values > b.values)
    defined = before_a.defined & before_b.defined & a.defined & b.defined
    return Part(values, defined)


def _crosses_below(a: Part, b: Part) -> Part:
    return _crosses_above(b, a)


def _windowed(
    x: Part, count: int, combine: Callable[[AnyArray, AnyArray], AnyArray]
) -> Part:
    # Undefined values are masked; zero keeps them from spreading within blocks.
    values = np.where(x.defined, x.values, np.zeros_like(x.values))
    full = np.arange(len(values)) >= count - 1
    defined = over_window(x.defined, count, np.logical_and) & full
    return finite(over_window(values, count, combine), defined)


def _highest(x: Part, count: Part) -> Part:
    return _windowed(x, _count(count), np.maximum)


def _lowest(x: Part, count: Part) -> Part:
    return _windowed(x, _count(count), np.minimum)


def _mean(x: Part, count: Part) -> Part:
    total = _windowed(x, _count(count), np.add)
    return finite(total.values / _count(count), total.defined)


def _rising(x: Part, count: Part) -> Part:
    before = _earlier(x, 1)
    up = Part(x.values > before.values, x.defined & before.defined)
    return _windowed(up, _count(count), np.logical_and)


def _falling(x: Part, count: Part) -> Part:
    return _rising(Part(-x.values, x.defined), count)


def _change(x: Part, count: Part) -> Part:
    before = _earlier(x, _count(count))
    return finite(x.values - before.values, x.defined & before.defined)


def _abs(x: Part) -> Part:
    return Part(np.abs(x.values), x.defined)


def _min(a: Part, b: Part) -> Part:
    return Part(np.minimum(a.values, b.values), a.defined & b.defined)


def _max(a: Part, b: Part) -> Part:
    return Part(np.maximum(a.values, b.values), a.defined & b.defined)


def _between(x: Part, low: Part, high: Part) -> Part:
    values = (low.values <= x.values) & (x.values <= high.values)
    return Part(values, low.defined & x.defined & high.defined)


IMPLEMENTATIONS: MappingProxyType[str, Callable[..., Part]] = MappingProxyType(
    {
        "crosses_above": _crosses_above,
        "crosses_below": _crosses_below,
        "shift": _shift,
        "highest": _highest,
        "lowest": _lowest,
        "mean": _mean,
        "rising": _rising,
        "falling": _falling,
        "change": _change,
        "abs": _abs,
        "min": _min,
        "max": _max,
        "between": _between,
    }
)
"""One implementation for each name in `functions.FUNCTIONS`."""

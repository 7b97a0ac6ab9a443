"""Choosing parameters for an indicator: the smallest, the largest, and any between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.indicators.contracts import IndicatorSpec, Parameter

_PERIOD_SPREAD = 15


def smallest(spec: IndicatorSpec) -> dict[str, float]:
    """Return every parameter at its minimum, as far as their order lets them."""
    chosen = {parameter.name: parameter.minimum for parameter in spec.parameters}
    return ordered(spec, chosen)


def largest(spec: IndicatorSpec) -> dict[str, float]:
    """Return every parameter at its maximum, as far as their order lets them."""
    chosen = {parameter.name: parameter.maximum for parameter in spec.parameters}
    for place, name in enumerate(reversed(spec.increasing)):
        chosen[name] -= place * _step(spec, name)
    return chosen


def ordered(spec: IndicatorSpec, chosen: dict[str, float]) -> dict[str, float]:
    """Return the choice with parameters raised until they increase as they must."""
    raised = dict(chosen)
    floor = float("-inf")
    for name in spec.increasing:
        raised[name] = max(raised[name], floor)
        floor = raised[name] + _step(spec, name)
    return raised


@st.composite
def any_parameters(
    draw: Callable[[st.SearchStrategy[float]], float], spec: IndicatorSpec
) -> dict[str, float]:
    """Draw parameters that are allowed, with windows short enough for short series."""
    chosen = {parameter.name: draw(_values(parameter)) for parameter in spec.parameters}
    return ordered(spec, chosen)


def _values(parameter: Parameter) -> st.SearchStrategy[float]:
    if parameter.kind == "int":
        least = int(parameter.minimum)
        return st.integers(least, least + _PERIOD_SPREAD)
    most = min(parameter.maximum, 2.0 * parameter.default)
    # One decimal place less than the order's step leaves room to raise a value.
    return st.floats(parameter.minimum, most - 0.02)


def _step(spec: IndicatorSpec, name: str) -> float:
    kinds = {parameter.name: parameter.kind for parameter in spec.parameters}
    return 1.0 if kinds[name] == "int" else 0.01

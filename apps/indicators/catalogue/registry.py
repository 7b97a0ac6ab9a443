"""Finding an entry by name, and checking what a caller gives for its parameters."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import pairwise
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING

from apps.indicators.catalogue import (
    averages,
    momentum,
    oscillators,
    price,
    statistics,
    trend,
    volatility,
    volume,
)
from apps.indicators.errors import IndicatorNotFound, IndicatorParameterInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apps.indicators.contracts import IndicatorSpec, Parameter


def _by_name(specs: Iterable[IndicatorSpec]) -> Mapping[str, IndicatorSpec]:
    return MappingProxyType(
        {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}
    )


_SPECS = _by_name(
    (
        *averages.SPECS,
        *trend.SPECS,
        *momentum.SPECS,
        *oscillators.SPECS,
        *volatility.SPECS,
        *volume.SPECS,
        *statistics.SPECS,
        *price.SPECS,
    )
)


def indicator_list() -> tuple[IndicatorSpec, ...]:
    """Return every entry of the catalogue, ordered by name."""
    return tuple(_SPECS.values())


def indicator_get(name: str) -> IndicatorSpec:
    """Return one entry of the catalogue.

    Args:
        name: The entry's name, as in `indicator_list`.

    Raises:
        IndicatorNotFound: There is none of that name; says which ones are near.

    Returns:
        The entry.
    """
    spec = _SPECS.get(name)
    if spec is None:
        hint = _near(name, _SPECS) or "The catalogue lists all there are."
        raise IndicatorNotFound(f"There is no indicator {name!r}. {hint}", attr="name")
    return spec


def parameters_resolve(
    spec: IndicatorSpec, given: Mapping[str, float]
) -> dict[str, int | float]:
    """Check what a caller chose and fill in the rest.

    Args:
        spec: The indicator.
        given: Values by parameter name; what is missing takes its default.

    Raises:
        IndicatorParameterInvalid: A name is unknown, or a value is not a finite number
            of the parameter's kind, is out of its range, or breaks the order that the
            indicator asks of its parameters.

    Returns:
        A value for every parameter, in the catalogue's order: `int` for counts.
    """
    known = {parameter.name: parameter for parameter in spec.parameters}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            hint = _near(name, known)
            raise IndicatorParameterInvalid(
                f"{spec.name} has no parameter {name!r}; it has: {names}. {hint}".strip(),
                attr=name,
            )
    resolved = {
        name: _checked(spec, parameter, given.get(name, parameter.default))
        for name, parameter in known.items()
    }
    _order_check(spec, resolved)
    return resolved


def _checked(spec: IndicatorSpec, parameter: Parameter, value: object) -> int | float:
    """Return a value as its parameter's kind, or say why it cannot be one."""
    allowed = f"{_kind(parameter)} from {parameter.minimum:g} to {parameter.maximum:g}"
    fault = IndicatorParameterInvalid(
        f"{spec.name}: {parameter.name} is {value!r}, but it must be {allowed}.",
        attr=parameter.name,
    )
    # A bool is an int to Python, but nobody who says True means one bar.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise fault
    try:
        chosen = float(value)
    except OverflowError:
        raise fault from None
    # Neither NaN nor an infinity is within any range.
    if not parameter.minimum <= chosen <= parameter.maximum:
        raise fault
    if parameter.kind == "float":
        return chosen
    if not chosen.is_integer():
        raise fault
    return int(chosen)


def _kind(parameter: Parameter) -> str:
    return "a whole number" if parameter.kind == "int" else "a number"


def _order_check(spec: IndicatorSpec, resolved: Mapping[str, float]) -> None:
    for smaller, larger in pairwise(spec.increasing):
        if resolved[smaller] >= resolved[larger]:
            raise IndicatorParameterInvalid(
                f"{spec.name}: {smaller} is {resolved[smaller]!r} and {larger} is "
                f"{resolved[larger]!r}, but {smaller} must be less than {larger}.",
                attr=smaller,
            )


def _near(name: str, names: Iterable[str]) -> str:
    """Return a sentence with the names nearest to a mistyped one, or nothing."""
    found = get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(found)}?" if found else ""

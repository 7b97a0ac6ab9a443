"""Running one indicator of the catalogue on arrays, with everything checked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

import numpy as np

from apps.indicators.catalogue import indicator_get, parameters_resolve
from apps.indicators.contracts import FREE_INPUT, TIME_INPUT
from apps.indicators.errors import IndicatorInputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from apps.indicators.contracts import FloatArray, IndicatorSpec

    type IndicatorFunction = Callable[..., FloatArray | tuple[FloatArray, ...]]

_KINDS = {True: "iu", False: "iuf"}
"""The numpy kinds of times (True) and of all other series. A float64 cannot hold
nanoseconds since 1970, and a bool is no number."""


def indicator_compute(
    name: str,
    inputs: Mapping[str, NDArray[np.generic]],
    params: Mapping[str, float],
) -> dict[str, FloatArray]:
    """Compute one indicator.

    Args:
        name: A name of the catalogue.
        inputs: Series by input name, each of shape (n,), oldest first: prices in quote
            per base, volume in base units, `time` in int64 nanoseconds UTC. Further
            series are ignored. Where the indicator reads `real` and none is given, the
            close is taken. None is written to.
        params: Values by parameter name; defaults are filled in.

    Raises:
        IndicatorNotFound: No such indicator.
        IndicatorParameterInvalid: A parameter is unknown, of the wrong kind, or out of
            its range.
        IndicatorInputInvalid: A series is missing, not a row of numbers, of another
            length than the others, or holds NaN or an infinity; or its values are so
            large that the result cannot be held in a float64.

    Returns:
        For each output a new float64 array of shape (n,): NaN for exactly the first
        `warmup` bars of the catalogue's entry (all, where there are no more), finite
        numbers after.
    """
    spec = indicator_get(name)
    parameters = parameters_resolve(spec, params)
    series = _series(spec, inputs)
    warmup = spec.warmup(parameters)
    length = len(series[0])
    if length <= warmup:
        return {output.name: np.full(length, np.nan) for output in spec.outputs}
    # Values near the end of float64 are answered below, by name, not as a warning.
    with np.errstate(over="ignore", invalid="ignore"):
        result = _function(spec)(*series, **parameters)
    arrays = result if isinstance(result, tuple) else (result,)
    return {
        output.name: _settled(spec, array, warmup)
        for output, array in zip(spec.outputs, arrays, strict=True)
    }


def _function(spec: IndicatorSpec) -> IndicatorFunction:
    """Import the code of one indicator, and with it only the libraries it needs."""
    module, _, name = spec.function.partition(":")
    return cast("IndicatorFunction", getattr(import_module(module), name))


def _series(
    spec: IndicatorSpec, inputs: Mapping[str, NDArray[np.generic]]
) -> list[NDArray[np.generic]]:
    """Return the series that an indicator reads, checked and in its order."""
    series = [_one_series(spec, inputs, name) for name in spec.inputs]
    lengths = {
        name: len(values) for name, values in zip(spec.inputs, series, strict=True)
    }
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise IndicatorInputInvalid(
            f"{spec.name}: the series must be of one length, but {found}.",
            attr="inputs",
        )
    return series


def _one_series(
    spec: IndicatorSpec, inputs: Mapping[str, NDArray[np.generic]], name: str
) -> NDArray[np.generic]:
    """Return one series as a contiguous array of the type that the functions take."""
    source = "close" if name == FREE_INPUT and name not in inputs else name
    if source not in inputs:
        given = ", ".join(sorted(inputs)) or "nothing"
        raise IndicatorInputInvalid(
            f"{spec.name} reads {name!r}, which is missing; given: {given}.", attr=name
        )
    values = np.asarray(inputs[source])
    kind = "whole nanoseconds (int64)" if name == TIME_INPUT else "real numbers"
    if values.ndim != 1 or values.dtype.kind not in _KINDS[name == TIME_INPUT]:
        raise IndicatorInputInvalid(
            f"{spec.name}: {source} must be one row of {kind}, but it has "
            f"{values.ndim} dimensions of {values.dtype}.",
            attr=source,
        )
    if name == TIME_INPUT:
        return np.ascontiguousarray(values, dtype=np.int64)
    numbers = np.ascontiguousarray(values, dtype=np.float64)
    faults = np.flatnonzero(~np.isfinite(numbers))
    if len(faults):
        raise IndicatorInputInvalid(
            f"{spec.name}: {source} holds {numbers[faults[0]]} at bar {faults[0]} "
            f"({len(faults)} such values); every value must be a finite number.",
            attr=source,
        )
    return numbers


def _settled(spec: IndicatorSpec, array: FloatArray, warmup: int) -> FloatArray:
    """Return an output as a new array with its warm-up blank, or refuse it."""
    settled = np.array(array, dtype=np.float64)
    settled[:warmup] = np.nan
    faults = np.flatnonzero(~np.isfinite(settled[warmup:]))
    if len(faults):
        raise IndicatorInputInvalid(
            f"{spec.name} cannot be held in a float64 at bar {warmup + faults[0]}; "
            "the values that lead to it are too large or too small.",
            attr="inputs",
        )
    return settled

"""From a strategy and bars to the four signals that every engine is given.

Each indicator is computed once; all engines get the same arrays (rule 9 of the fill
contract). Rule 1 of it, that an entry and an exit of one side on one bar are neither, is
applied here and nowhere else: what leaves this module never holds both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import Signals
from apps.indicators.catalogue import indicator_get
from apps.indicators.compute import indicator_compute
from apps.indicators.contracts import FREE_INPUT
from apps.strategies.definition import definition_rules, parameters_apply, warmup_bars
from apps.strategies.definition.indicators import (
    indicator_order,
    input_source,
    resolved_parameters,
)
from apps.strategies.rules import PRICE_COLUMNS, series_name
from apps.strategies.rules.evaluate import rule_evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from apps.engines.contracts import Bars
    from apps.indicators.contracts import IndicatorSpec
    from apps.strategies.definition import StrategyDefinition
    from apps.strategies.rules import Node

    type BoolArray = NDArray[np.bool_]
    type FloatArray = NDArray[np.float64]
    type IndicatorFunction = Callable[
        [str, Mapping[str, NDArray[np.generic]], Mapping[str, float]],
        dict[str, FloatArray],
    ]

__all__ = ["signals_compute", "warmup_bars"]


def signals_compute(
    definition: StrategyDefinition,
    parameters: Mapping[str, float],
    bars: Bars,
    *,
    compute: IndicatorFunction = indicator_compute,
) -> Signals:
    """Say on which bars a strategy wants to enter and to leave.

    Args:
        definition: A strategy that `definition_check` has passed.
        parameters: Values for some or all of its parameters; the rest take their
            defaults.
        bars: The candle series.
        compute: What computes an indicator, as `indicator_compute` does; an engine's
            own way of it, say.

    Raises:
        StrategyInvalid: A parameter is unknown or out of bounds, or the values chosen
            do not go together in an indicator; `details` holds all findings.

    Returns:
        Four arrays of bool, shape (bars,), known at each bar's close. A rule that is
        not set never holds, and an entry and an exit of one side never hold together.
    """
    scalars = parameters_apply(definition, parameters)
    series = _series(definition, scalars, bars, compute)
    rules = definition_rules(definition)

    def holds(rule: Node | None) -> BoolArray:
        if rule is None:
            return np.zeros(len(bars), dtype=np.bool_)
        return rule_evaluate(rule, series, scalars)

    entry_long, exit_long = _exclusive(holds(rules.entry_long), holds(rules.exit_long))
    entry_short, exit_short = _exclusive(
        holds(rules.entry_short), holds(rules.exit_short)
    )
    return Signals(
        entry_long=entry_long,
        exit_long=exit_long,
        entry_short=entry_short,
        exit_short=exit_short,
    )


def _exclusive(entry: BoolArray, leave: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Apply rule 1 of the fill contract: both on one bar is neither."""
    both = entry & leave
    return entry & ~both, leave & ~both


def _series(
    definition: StrategyDefinition,
    scalars: Mapping[str, float],
    bars: Bars,
    compute: IndicatorFunction,
) -> dict[str, FloatArray]:
    """Return prices and indicator outputs by the names that rules use."""
    series: dict[str, FloatArray] = {
        name: getattr(bars, name) for name in PRICE_COLUMNS
    }
    for name in indicator_order(definition):
        use = definition.indicators[name]
        spec = indicator_get(use.indicator)
        inputs = {
            column: series[use.input] if column == FREE_INPUT else getattr(bars, column)
            for column in spec.inputs
        }
        chained = FREE_INPUT in spec.inputs and input_source(use) is not None
        start = _warmup_end(series[use.input]) if chained else 0
        resolved = resolved_parameters(name, use, spec, scalars)
        computed = _computed(compute, spec, inputs, resolved, start)
        for output, values in computed.items():
            series[series_name(name, output)] = values
    return series


def _computed(
    compute: IndicatorFunction,
    spec: IndicatorSpec,
    inputs: Mapping[str, NDArray[np.generic]],
    parameters: Mapping[str, float],
    start: int,
) -> dict[str, FloatArray]:
    """Compute an indicator from bar `start` on, where what it reads is defined.

    The bars before are NaN. An input that is undefined later on is refused by
    `indicator_compute`, because there is nothing right to put in its place.
    """
    defined = {name: array[start:] for name, array in inputs.items()}
    blank = np.full(start, np.nan)
    outputs = compute(spec.name, defined, parameters)
    return {name: np.concatenate((blank, values)) for name, values in outputs.items()}


def _warmup_end(series: FloatArray) -> int:
    """Return the index of the first defined value, or the length if there is none."""
    defined = np.isfinite(series)
    return int(np.argmax(defined)) if defined.any() else len(series)

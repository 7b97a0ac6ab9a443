"""How long a strategy is silent before it can speak; needs no arrays to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.indicators.catalogue import indicator_get
from apps.strategies.definition.compiled import definition_rules
from apps.strategies.definition.indicators import (
    indicator_order,
    input_source,
    reads_free_input,
    resolved_parameters,
)
from apps.strategies.definition.parameters import parameters_apply
from apps.strategies.rules import rule_lookback, series_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.definition.shape import StrategyDefinition


def warmup_bars(definition: StrategyDefinition, parameters: Mapping[str, float]) -> int:
    """Return how many first bars pass before every rule of a strategy can speak.

    Args:
        definition: A strategy that `definition_check` has passed.
        parameters: As in `signals_compute`.

    Raises:
        StrategyInvalid: As in `signals_compute`.

    Returns:
        Bars; all rules can be defined from the bar of this index on.
    """
    scalars = parameters_apply(definition, parameters)
    by_indicator: dict[str, int] = {}
    by_series: dict[str, int] = {}
    for name in indicator_order(definition):
        use = definition.indicators[name]
        spec = indicator_get(use.indicator)
        source = input_source(use) if reads_free_input(spec) else None
        waited = by_indicator[source.indicator] if source else 0
        own = spec.warmup(resolved_parameters(name, use, spec, scalars))
        by_indicator[name] = waited + own
        for output in spec.outputs:
            by_series[series_name(name, output.name)] = by_indicator[name]
    rules = definition_rules(definition).present()
    return max((rule_lookback(rule, by_series, scalars) for rule in rules), default=0)

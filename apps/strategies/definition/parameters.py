"""The values that one run chooses for a strategy's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from apps.indicators.catalogue import indicator_get
from apps.strategies.definition.amounts import number_read
from apps.strategies.definition.compiled import definition_rules
from apps.strategies.definition.findings import Findings
from apps.strategies.errors import (
    ParameterNotInteger,
    ParameterOutOfRange,
    ParameterUnknown,
    StrategyNumberInvalid,
)
from apps.strategies.rules import rule_bar_counts
from apps.strategies.rules.findings import near_names, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.definition.shape import StrategyDefinition


def definition_integer_parameters(definition: StrategyDefinition) -> frozenset[str]:
    """Return the strategy parameters that must be whole numbers.

    They count bars in a rule, or feed an indicator's parameter that does.

    Args:
        definition: A strategy that `definition_check` has passed.
    """
    counting: set[str] = set()
    for rule in definition_rules(definition).present():
        counting |= rule_bar_counts(rule)
    for use in definition.indicators.values():
        kinds = {p.name: p.kind for p in indicator_get(use.indicator).parameters}
        for name, value in use.parameters.items():
            if isinstance(value, str) and kinds[name] == "int":
                counting.add(value)
    return frozenset(counting)


def parameters_apply(
    definition: StrategyDefinition, chosen: Mapping[str, float]
) -> dict[str, float]:
    """Return a value for every parameter of a strategy.

    Args:
        definition: A strategy that `definition_check` has passed.
        chosen: Values by parameter name; what is missing takes its default.

    Raises:
        StrategyInvalid: A name is unknown, or a value is not finite, not whole where
            bars are counted, or outside its bounds; `details` holds all findings.

    Returns:
        Values by name, whole numbers as int.
    """
    findings = Findings()
    whole = definition_integer_parameters(definition) if chosen else frozenset()
    values: dict[str, float] = {
        name: parameter.default for name, parameter in definition.parameters.items()
    }
    for name, given in chosen.items():
        attr = f"parameters.{shown(name)}"
        parameter = definition.parameters.get(name)
        if parameter is None:
            near = near_names(name, values)
            message = f"the strategy has no parameter '{shown(name)}'{near}"
            findings.add(ParameterUnknown, attr, message)
            continue
        try:
            value = number_read(given)
        except PydanticCustomError as error:
            findings.add(StrategyNumberInvalid, attr, error.message())
            continue
        if name in whole and not isinstance(value, int):
            message = f"{value:g} counts bars, so it must be a whole number"
            findings.add(ParameterNotInteger, attr, message)
        if not parameter.minimum <= value <= parameter.maximum:
            message = (
                f"{value:g} is outside the bounds of '{name}', "
                f"{parameter.minimum:g} to {parameter.maximum:g}"
            )
            findings.add(ParameterOutOfRange, attr, message)
        values[name] = value
    findings.raise_if_any()
    return values

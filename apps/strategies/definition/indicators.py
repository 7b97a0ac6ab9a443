"""How the indicators of a strategy hang together: who reads whom, and in what order."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from apps.indicators.catalogue import parameters_resolve
from apps.indicators.contracts import FREE_INPUT, SINGLE_OUTPUT
from apps.indicators.errors import IndicatorParameterInvalid
from apps.strategies.errors import IndicatorCycle, StrategyInvalid
from apps.strategies.rules import PRICE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.indicators.contracts import IndicatorSpec
    from apps.strategies.definition.shape import IndicatorUse, StrategyDefinition


class OutputName(NamedTuple):
    """An output of an indicator that the strategy declares."""

    indicator: str
    output: str


def input_source(use: IndicatorUse) -> OutputName | None:
    """Return the output that an indicator reads, or None when it reads a price."""
    if use.input in PRICE_COLUMNS:
        return None
    indicator, dot, output = use.input.partition(".")
    return OutputName(indicator, output if dot else SINGLE_OUTPUT)


def reads_free_input(spec: IndicatorSpec) -> bool:
    """Whether the indicator takes any one series rather than fixed columns only."""
    return FREE_INPUT in spec.inputs


def indicator_order(definition: StrategyDefinition) -> tuple[str, ...]:
    """Return the declared indicators, each after the one that it reads.

    The order in which they are written does not matter: a database may not keep it.

    Raises:
        IndicatorCycle: Some read each other in a circle; the message names them.
    """
    uses = definition.indicators
    graph: dict[str, set[str]] = {}
    for name in sorted(uses):
        source = input_source(uses[name])
        is_declared = source is not None and source.indicator in uses
        graph[name] = {source.indicator} if source and is_declared else set()
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " reads ".join(reversed(error.args[1]))
        raise IndicatorCycle(
            f"indicators read each other in a circle: {circle}; "
            "let one of them read a price",
            attr=f"indicators.{error.args[1][0]}.input",
        ) from None


def resolved_parameters(
    name: str, use: IndicatorUse, spec: IndicatorSpec, scalars: Mapping[str, float]
) -> dict[str, int | float]:
    """Return a value for each parameter of a declared indicator.

    Args:
        name: What the strategy calls the indicator.
        use: The indicator as declared, checked.
        spec: Its entry in the catalogue.
        scalars: The value of every parameter of the strategy.

    Raises:
        StrategyInvalid: The values do not go together. The check saw the defaults; a
            run may choose others.
    """
    chosen = {
        parameter: scalars[value] if isinstance(value, str) else value
        for parameter, value in use.parameters.items()
    }
    try:
        return parameters_resolve(spec, chosen)
    except IndicatorParameterInvalid as error:
        attr = f"indicators.{name}.parameters.{error.attr}"
        raise StrategyInvalid(error.message, attr=attr, code=error.code) from error

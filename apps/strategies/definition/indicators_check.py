"""Whether each declared indicator exists, and can be computed with what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.indicators.catalogue import indicator_get, parameters_resolve
from apps.indicators.errors import (
    IndicatorInputInvalid,
    IndicatorNotFound,
    IndicatorParameterInvalid,
)
from apps.strategies.definition.indicators import (
    indicator_order,
    input_source,
    reads_free_input,
)
from apps.strategies.errors import (
    IndicatorCycle,
    ParameterNotInteger,
    ParameterOutOfRange,
    ParameterUnknown,
)
from apps.strategies.rules import PRICE_COLUMNS, series_name
from apps.strategies.rules.findings import near_names, shown

if TYPE_CHECKING:
    from apps.indicators.contracts import IndicatorSpec, Parameter
    from apps.strategies.definition.findings import Findings
    from apps.strategies.definition.indicators import OutputName
    from apps.strategies.definition.shape import IndicatorUse, StrategyDefinition


def indicators_check(definition: StrategyDefinition, findings: Findings) -> None:
    """Note every indicator that is unknown or cannot be computed as declared."""
    for name, use in definition.indicators.items():
        attr = f"indicators.{shown(name)}"
        try:
            spec = indicator_get(use.indicator)
        except IndicatorNotFound as error:
            findings.add_error(error, f"{attr}.indicator")
            continue
        _check_parameters(definition, use, spec, attr, findings)
        _check_input(definition, use, spec, attr, findings)
    try:
        indicator_order(definition)
    except IndicatorCycle as error:
        findings.add_error(error, error.attr or "indicators")


def _check_parameters(
    definition: StrategyDefinition,
    use: IndicatorUse,
    spec: IndicatorSpec,
    attr: str,
    findings: Findings,
) -> None:
    known = {parameter.name: parameter for parameter in spec.parameters}
    numbers: dict[str, float] = {}
    for name, value in use.parameters.items():
        where = f"{attr}.parameters.{shown(name)}"
        if name not in known:
            message = (
                f"{spec.name} has no parameter '{shown(name)}'"
                f"{near_names(name, known)}; it has {', '.join(known) or 'none'}"
            )
            findings.add(IndicatorParameterInvalid, where, message)
        elif not isinstance(value, str):
            numbers[name] = value
        elif _feeds(definition, value, spec, known[name], where, findings):
            numbers[name] = definition.parameters[value].default
    # One fault at a time, each time without the parameter that was at fault.
    while True:
        try:
            parameters_resolve(spec, numbers)
            return
        except IndicatorParameterInvalid as error:
            findings.add_error(error, f"{attr}.parameters.{error.attr}")
            if error.attr not in numbers:
                return
            del numbers[error.attr]


def _feeds(
    definition: StrategyDefinition,
    name: str,
    spec: IndicatorSpec,
    fed: Parameter,
    where: str,
    findings: Findings,
) -> bool:
    """Whether every value of a strategy parameter can feed an indicator's parameter."""
    parameter = definition.parameters.get(name)
    if parameter is None:
        near = near_names(name, definition.parameters)
        message = f"the strategy declares no parameter '{shown(name)}'{near}"
        findings.add(ParameterUnknown, where, message)
        return False
    values = (parameter.default, parameter.minimum, parameter.maximum)
    if fed.kind == "int" and not all(isinstance(value, int) for value in values):
        message = (
            f"'{name}' feeds {spec.name}.{fed.name}, a whole number, so its default, "
            "minimum and maximum must be whole numbers"
        )
        findings.add(ParameterNotInteger, where, message)
        return False
    if min(values) < fed.minimum or max(values) > fed.maximum:
        message = (
            f"'{name}' may be {min(values):g} to {max(values):g}, and {spec.name}."
            f"{fed.name} takes {fed.minimum:g} to {fed.maximum:g}; narrow the bounds"
        )
        findings.add(ParameterOutOfRange, where, message)
        return False
    return True


def _check_input(
    definition: StrategyDefinition,
    use: IndicatorUse,
    spec: IndicatorSpec,
    attr: str,
    findings: Findings,
) -> None:
    where = f"{attr}.input"
    if not reads_free_input(spec):
        # "close" is the default, and cannot be told from leaving it out.
        if use.input != "close":
            message = (
                f"{spec.name} reads {', '.join(spec.inputs)} and nothing else; "
                "leave the input out"
            )
            findings.add(IndicatorInputInvalid, where, message)
        return
    source = input_source(use)
    fault = None if source is None else _source_fault(definition, use.input, source)
    if fault is not None:
        findings.add(IndicatorInputInvalid, where, fault)


def _source_fault(
    definition: StrategyDefinition, written: str, source: OutputName
) -> str | None:
    """Return what is wrong with reading an output of another indicator, or None."""
    use = definition.indicators.get(source.indicator)
    if use is None:
        near = near_names(written, (*PRICE_COLUMNS, *definition.indicators))
        return (
            f"'{shown(written)}' is neither a price column ({', '.join(PRICE_COLUMNS)}) "
            f"nor an indicator of the strategy{near}"
        )
    try:
        outputs = [output.name for output in indicator_get(use.indicator).outputs]
    except IndicatorNotFound:
        return None  # a finding of its own
    names = [series_name(source.indicator, output) for output in outputs]
    # Single outputs are named bare, here as in rules.
    if source.output in outputs and written in names:
        return None
    return (
        f"'{shown(written)}' is not an output of '{shown(source.indicator)}'"
        f"{near_names(written, names)}; it has {', '.join(names)}"
    )

"""The indicators of a strategy as lines that add columns to a DataFrame.

What is one call of TA-Lib in Parallax is that call in the export. For the rest our own
function goes along with the file, with all that it calls, and is run by `indicator`,
which does what `apps.indicators.compute` and `apps.strategies.signals` do around it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.indicators.catalogue import indicator_get
from apps.indicators.contracts import FREE_INPUT, TIME_INPUT
from apps.strategies.definition.indicators import indicator_order
from apps.strategies.export.rules import quoted
from apps.strategies.export.source import piece_get
from apps.strategies.rules import series_name
from apps.strategies.rules.unparse import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.indicators.contracts import IndicatorSpec
    from apps.strategies.definition import IndicatorUse, StrategyDefinition
    from apps.strategies.export.rules import Names

    type Wanted = tuple[str, str]

LINE_LENGTH = 88
_ROOM = LINE_LENGTH - 8  # the statements stand in a method
RUNNER = ("columns", "indicator")
CLOCK = ("columns", "nanoseconds")


@dataclass(frozen=True, slots=True)
class IndicatorCode:
    """The indicators of a strategy in Python.

    Attributes:
        lines: Statements, each indicator after the one that it reads.
        wanted: Functions that they call, as `pieces_of` takes them.
        libraries: Names of modules that they use themselves.
    """

    lines: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    libraries: frozenset[str]


def indicator_columns(definition: StrategyDefinition) -> tuple[str, ...]:
    """Return the series that a strategy's indicators give, by their names in rules."""
    return tuple(
        series_name(name, output.name)
        for name in indicator_order(definition)
        for output in indicator_get(definition.indicators[name].indicator).outputs
    )


def indicators_code(definition: StrategyDefinition, names: Names) -> IndicatorCode:
    """Return a strategy's indicators as Python code.

    Args:
        definition: A strategy that `definition_check` has passed.
        names: How series and parameters are called.
    """
    lines: list[str] = []
    wanted: list[Wanted] = []
    libraries: set[str] = set()
    for name in indicator_order(definition):
        use = definition.indicators[name]
        spec = indicator_get(use.indicator)
        call = _talib_call(spec, use, names)
        if call is not None:
            libraries.add("talib")
        else:
            call = _embedded_call(spec, use, names)
            wanted += [RUNNER, *_functions(spec)]
        outputs = [names.series(series_name(name, o.name)) for o in spec.outputs]
        lines += _assignment(outputs, call)
    return IndicatorCode(
        tuple(lines), tuple(dict.fromkeys(wanted)), frozenset(libraries)
    )


def _functions(spec: IndicatorSpec) -> list[Wanted]:
    module, _, function = spec.function.partition(":")
    clock = [CLOCK] if TIME_INPUT in spec.inputs else []
    return [*clock, (module, function)]


def _talib_call(spec: IndicatorSpec, use: IndicatorUse, names: Names) -> str | None:
    """Return the call of TA-Lib that an indicator is, or None where it is more."""
    module, _, function = spec.function.partition(":")
    node = piece_get(module, function).node
    match node:
        case ast.FunctionDef(body=[ast.Expr(), ast.Return(value=ast.Call() as call)]):
            pass
        case _:
            return None
    given = _inputs(spec, use, names) | _parameters(spec, use, names)
    match call.func:
        case ast.Attribute(value=ast.Name(id="talib"), attr=name) if not call.keywords:
            pass
        case _:
            return None
    texts = []
    for argument in call.args:
        match argument:
            case ast.Name(id=known) if known in given:
                texts.append(given[known])
            case ast.Constant():
                texts.append(ast.unparse(argument))
            case _:
                return None
    return f"talib.{name}({', '.join(texts)})"


def _embedded_call(spec: IndicatorSpec, use: IndicatorUse, names: Names) -> str:
    _, _, function = spec.function.partition(":")
    inputs = _inputs(spec, use, names).values()
    parameters = _parameters(spec, use, names).items()
    arguments = [function, *inputs, *(f"{name}={text}" for name, text in parameters)]
    return f"indicator({', '.join(arguments)})"


def _inputs(spec: IndicatorSpec, use: IndicatorUse, names: Names) -> dict[str, str]:
    def read(name: str) -> str:
        if name == TIME_INPUT:
            return f"nanoseconds({names.frame}[{quoted(names.time)}])"
        return names.series(use.input if name == FREE_INPUT else name)

    return {name: read(name) for name in spec.inputs}


def _parameters(spec: IndicatorSpec, use: IndicatorUse, names: Names) -> dict[str, str]:
    chosen: Mapping[str, int | float | str] = {
        parameter.name: use.parameters.get(parameter.name, parameter.default)
        for parameter in spec.parameters
    }
    return {
        name: names.parameters[value] if isinstance(value, str) else number_text(value)
        for name, value in chosen.items()
    }


def _assignment(outputs: list[str], call: str) -> list[str]:
    """Return a statement, broken where one line would be too long."""
    line = f"{', '.join(outputs)} = {call}"
    if len(line) <= _ROOM:
        return [line]
    if len(outputs) == 1:
        return _broken(f"{outputs[0]} = {call}")
    return ["(", *(f"    {output}," for output in outputs), *_broken(f") = {call}")]


def _broken(statement: str) -> list[str]:
    """Return a call on one line, or with its arguments below it."""
    if len(statement) <= _ROOM:
        return [statement]
    start, _, rest = statement.partition("(" if statement[0] != ")" else "= ")
    if statement[0] == ")":
        function, _, rest = rest.partition("(")
        start = f"{start}= {function}"
    inside = rest[:-1]
    if len(inside) + 4 <= _ROOM:
        return [f"{start}(", f"    {inside}", ")"]
    return [f"{start}(", *(f"    {one}," for one in inside.split(", ")), ")"]

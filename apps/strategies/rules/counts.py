"""The last argument of shift, highest and their like: how many bars."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NoReturn

from apps.strategies.errors import (
    RuleArguments,
    RuleFutureReference,
    RuleUnknownName,
)
from apps.strategies.rules.findings import near_names, rule_finding, shown
from apps.strategies.rules.tree import Number, Parameter

if TYPE_CHECKING:
    from apps.strategies.errors import (
        RuleInvalid,
    )
    from apps.strategies.rules.functions import RuleFunction
    from apps.strategies.rules.scope import RuleScope
    from apps.strategies.rules.tree import Node

BARS_MAXIMUM = 1_000_000
"""More bars than this in one window is taken for a mistake."""


def bars_count(text: str, call: ast.Call, spec: RuleFunction, scope: RuleScope) -> Node:
    """Return the count of bars of a call, known to be usable before any run.

    Args:
        text: The whole rule, for excerpts.
        call: The call, whose last argument is the count.
        spec: The function; gives the least count.
        scope: The names that the strategy declares.

    Raises:
        RuleFutureReference: The count is, or could become, negative.
        RuleArguments: Not a whole number, too small or too large, or not known before
            the run.
        RuleUnknownName: A name that is no parameter.
    """
    source = call.args[-1]
    least = spec.bars_minimum or 0
    match source:
        case ast.Name(id=name):
            return _parameter_count(text, call, name, least, scope)
        case ast.Constant(value=int() | float() as value):
            number = float(value)
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int() | float() as value)
        ):
            number = -float(value)
        case _:
            _refuse(
                RuleArguments,
                text,
                source,
                "the count of bars must be known before the run; "
                "write a whole number or an integer parameter",
            )
    if not number.is_integer():
        _refuse(RuleArguments, text, source, "bars are counted in whole numbers")
    _check_range(text, call, least, (number, number))
    return Number(abs(number))


def _parameter_count(
    text: str, call: ast.Call, name: str, least: int, scope: RuleScope
) -> Node:
    source = call.args[-1]
    parameter = scope.parameters.get(name)
    if parameter is None:
        message = (
            f"'{shown(name)}' is not a parameter of the strategy"
            f"{near_names(name, scope.parameters)}; the count of bars is a whole "
            "number or an integer parameter"
        )
        _refuse(RuleUnknownName, text, source, message)
    _check_range(text, call, least, (parameter.minimum, parameter.maximum), name)
    if not parameter.is_integer:
        message = (
            f"parameter '{name}' counts bars here, so its default, minimum and "
            "maximum must be whole numbers"
        )
        _refuse(RuleArguments, text, source, message)
    return Parameter(name)


def _check_range(
    text: str,
    call: ast.Call,
    least: int,
    bounds: tuple[float, float],
    parameter: str | None = None,
) -> None:
    """Refuse a count whose least or greatest value could not be used."""
    source = call.args[-1]
    written = shown(text[call.col_offset : call.end_col_offset])
    lower, upper = bounds
    subject = f"parameter '{parameter}'" if parameter else "the count"
    if lower < 0:
        remedy = f"give '{parameter}' a minimum of" if parameter else "use n >="
        message = f"{written} would read tomorrow's bar; {remedy} {least}"
        if parameter:
            message = f"with {parameter} = {lower:g}, {message}"
        _refuse(RuleFutureReference, text, source, message)
    if lower < least:
        message = f"{subject} of bars in {written} must be at least {least}"
        _refuse(RuleArguments, text, source, message)
    if upper > BARS_MAXIMUM:
        message = f"{subject} of bars in {written} must be at most {BARS_MAXIMUM:,}"
        _refuse(RuleArguments, text, source, message)


def _refuse(
    kind: type[RuleInvalid], text: str, source: ast.expr, message: str
) -> NoReturn:
    raise rule_finding(kind, text, source.col_offset, message)

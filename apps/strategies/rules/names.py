"""What a name in a rule stands for, by what the strategy declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.indicators.contracts import SINGLE_OUTPUT
from apps.strategies.errors import (
    RuleNotAllowed,
    RuleType,
    RuleUnknownName,
)
from apps.strategies.rules.findings import near_names, rule_finding, shown
from apps.strategies.rules.functions import FUNCTIONS, PRICE_COLUMNS
from apps.strategies.rules.scope import series_name
from apps.strategies.rules.tree import Parameter, Series

if TYPE_CHECKING:
    import ast

    from apps.strategies.errors import (
        RuleInvalid,
    )
    from apps.strategies.rules.scope import RuleScope


def name_resolve(text: str, node: ast.Name, scope: RuleScope) -> Parameter | Series:
    """Return what a bare name stands for.

    Args:
        text: The whole rule, for excerpts.
        node: The name.
        scope: The names that the strategy declares.

    Raises:
        RuleUnknownName: Nothing of this name, or an indicator with several outputs.
        RuleType: The name of a function.
    """
    name = node.id
    if name in scope.parameters:
        return Parameter(name)
    if name in PRICE_COLUMNS:
        return Series(name)
    if name in scope.indicators:
        outputs = scope.indicators[name]
        if outputs is None or SINGLE_OUTPUT in outputs:
            return Series(name)
        ways = ", ".join(series_name(name, output) for output in outputs)
        message = f"'{shown(name)}' has several outputs; write one of {ways}"
        raise rule_finding(RuleUnknownName, text, node.col_offset, message)
    if name in FUNCTIONS:
        message = f"'{name}' is a function; write {FUNCTIONS[name].signature}"
        raise rule_finding(RuleType, text, node.col_offset, message)
    message = f"unknown name '{shown(name)}'{near_names(name, _values(scope))}"
    raise rule_finding(RuleUnknownName, text, node.col_offset, message)


def output_resolve(
    text: str, node: ast.Attribute, owner: ast.Name, scope: RuleScope
) -> Series:
    """Return the series that `indicator.output` stands for.

    Args:
        text: The whole rule, for excerpts.
        node: The name with its output.
        owner: The part before the dot.
        scope: The names that the strategy declares.

    Raises:
        RuleUnknownName: No such indicator, or it has no such output.
        RuleNotAllowed: What is before the dot has no outputs at all.
        RuleType: What is before the dot is a function.
    """
    name, output = owner.id, node.attr
    if name not in scope.indicators:
        other = name_resolve(text, owner, scope)
        message = f"'{name}' is a {other.type} without outputs; write {name}"
        raise rule_finding(RuleNotAllowed, text, node.col_offset, message)
    outputs = scope.indicators[name]
    if outputs is None or (output in outputs and output != SINGLE_OUTPUT):
        return Series(f"{name}.{output}")
    if SINGLE_OUTPUT in outputs:
        message = f"'{shown(name)}' has one output only; write {shown(name)}"
    else:
        message = (
            f"'{shown(name)}' has no output '{shown(output)}'; "
            f"it has {', '.join(outputs)}{near_names(output, outputs)}"
        )
    raise rule_finding(RuleUnknownName, text, node.col_offset, message)


def function_unknown(text: str, node: ast.Name, scope: RuleScope) -> RuleInvalid:
    """Return the error for calling something that is not a function."""
    if node.id in _values(scope):
        message = f"'{shown(node.id)}' is not a function; to multiply, write *"
        return rule_finding(RuleType, text, node.col_offset, message)
    near = near_names(node.id, FUNCTIONS)
    message = f"unknown function '{shown(node.id)}'{near}"
    return rule_finding(RuleUnknownName, text, node.col_offset, message)


def _values(scope: RuleScope) -> set[str]:
    known = {*PRICE_COLUMNS, *scope.parameters}
    for name, outputs in scope.indicators.items():
        known.update(series_name(name, o) for o in outputs or (SINGLE_OUTPUT,))
    return known

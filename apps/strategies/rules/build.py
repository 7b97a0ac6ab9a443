"""One node of Python's tree at a time into one of ours, with its type checked."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from apps.strategies.errors import (
    RuleArguments,
    RuleDivisionByZero,
    RuleInvalid,
    RuleNotAllowed,
    RuleType,
)
from apps.strategies.rules.counts import bars_count
from apps.strategies.rules.findings import rule_finding
from apps.strategies.rules.functions import FUNCTIONS
from apps.strategies.rules.names import function_unknown, name_resolve, output_resolve
from apps.strategies.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Logic,
    LogicOperator,
    Negative,
    Not,
    Number,
    constant_value,
    reads_bars,
)
from apps.strategies.rules.values import ValueType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.strategies.rules.functions import RuleFunction
    from apps.strategies.rules.scope import RuleScope
    from apps.strategies.rules.tree import (
        ArithmeticOperator,
        ComparisonOperator,
        Node,
    )

_ARITHMETIC: Final[dict[type[ast.operator], ArithmeticOperator]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_COMPARISONS: Final[dict[type[ast.cmpop], ComparisonOperator]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class Builder:
    """Builds the tree of one rule.

    Args:
        text: The whole rule as it was given, for excerpts.
        scope: The names that the strategy declares.
    """

    def __init__(self, text: str, scope: RuleScope) -> None:
        self._text = text
        self._scope = scope

    def build(self, node: ast.expr) -> Node:
        """Return our node for Python's.

        Raises:
            RuleInvalid: The faults in this part of the rule, all of them in `details`.
        """
        match node:
            case ast.Constant(value=int() | float() as value):
                built: Node = Number(float(value))
            case ast.Name():
                built = name_resolve(self._text, node, self._scope)
            case ast.Attribute(value=ast.Name() as owner):
                built = output_resolve(self._text, node, owner, self._scope)
            case ast.UnaryOp():
                built = self._unary(node)
            case ast.BinOp():
                built = self._arithmetic(node)
            case ast.Compare():
                built = self._comparison(node)
            case ast.BoolOp():
                built = self._logic(node)
            case ast.Call(func=ast.Name() as function, keywords=[]):
                built = self._call(node, function)
            case _:
                raise self._foreign(node)
        return built

    def _build_all(self, nodes: Sequence[ast.expr]) -> list[Node]:
        built: list[Node] = []
        found: list[RuleInvalid] = []
        for node in nodes:
            try:
                built.append(self.build(node))
            except RuleInvalid as error:
                found.append(error)
        if found:
            first = found[0]
            first.details = tuple(d for error in found for d in error.details)
            raise first
        return built

    def _unary(self, node: ast.UnaryOp) -> Node:
        (operand,) = self._build_all([node.operand])
        match node.op:
            case ast.Not():
                self._check_condition("not", node.operand, operand)
                return Not(operand)
            case ast.USub():
                self._check_number("-", node.operand, operand)
                return Negative(operand)
            case _:
                message = "a sign + changes nothing; leave it out"
                raise self._at(node, RuleNotAllowed, message)

    def _arithmetic(self, node: ast.BinOp) -> Node:
        operator = _ARITHMETIC.get(type(node.op))
        if operator is None:
            raise self._foreign(node)
        left, right = self._build_all([node.left, node.right])
        self._check_number(operator, node.left, left)
        self._check_number(operator, node.right, right)
        if operator == "/" and constant_value(right) == 0:
            message = "division by zero; divide by something that is not always zero"
            raise self._at(node.right, RuleDivisionByZero, message)
        return Arithmetic(operator, left, right)

    def _comparison(self, node: ast.Compare) -> Node:
        operators = tuple(
            _COMPARISONS[type(op)] for op in node.ops if type(op) in _COMPARISONS
        )
        if len(operators) != len(node.ops):
            raise self._foreign(node)
        sources = [node.left, *node.comparators]
        operands = self._build_all(sources)
        for source, operand in zip(sources, operands, strict=True):
            self._check_number(operators[0], source, operand)
        return Comparison(tuple(operands), operators)

    def _logic(self, node: ast.BoolOp) -> Node:
        is_or = isinstance(node.op, ast.Or)
        operator = LogicOperator.OR if is_or else LogicOperator.AND
        operands: list[Node] = []
        built = self._build_all(node.values)
        for source, operand in zip(node.values, built, strict=True):
            self._check_condition(operator, source, operand)
            if isinstance(operand, Logic) and operand.operator is operator:
                operands.extend(operand.operands)
            else:
                operands.append(operand)
        return Logic(operator, tuple(operands))

    def _call(self, node: ast.Call, function: ast.Name) -> Node:
        name = function.id
        spec = FUNCTIONS.get(name)
        if spec is None:
            raise function_unknown(self._text, function, self._scope)
        if len(node.args) != spec.arity:
            message = (
                f"{name} takes {spec.arity} argument{'s' if spec.arity > 1 else ''}, "
                f"and {len(node.args)} are given; write {spec.signature}"
            )
            raise self._at(node, RuleArguments, message)
        return Call(name, self._arguments(node, name, spec))

    def _arguments(
        self, node: ast.Call, name: str, spec: RuleFunction
    ) -> tuple[Node, ...]:
        counts = () if spec.bars_minimum is None else (node.args[-1],)
        sources = node.args[: len(node.args) - len(counts)]
        values = self._build_all(sources)
        for source, value in zip(sources, values, strict=True):
            if value.type is not ValueType.CONDITION or not spec.takes_condition:
                self._check_number(name, source, value)
        if spec.needs_series and not any(reads_bars(value) for value in values):
            message = (
                f"{name} needs a series, and this is the same on every bar; "
                "use a price or an indicator"
            )
            raise self._at(sources[0], RuleType, message)
        count = [bars_count(self._text, node, spec, self._scope) for _ in counts]
        return (*values, *count)

    def _check_number(self, user: str, source: ast.expr, built: Node) -> None:
        if built.type is ValueType.CONDITION:
            message = (
                f"'{user}' works on numbers and series, and this is a condition; "
                "join conditions with 'and' or 'or'"
            )
            raise self._at(source, RuleType, message)

    def _check_condition(self, user: str, source: ast.expr, built: Node) -> None:
        if built.type is not ValueType.CONDITION:
            message = (
                f"'{user}' works on conditions, and this is a {built.type}; "
                "compare it with something, as in close > 100"
            )
            raise self._at(source, RuleType, message)

    def _foreign(self, node: ast.expr) -> RuleInvalid:
        message = "this is not part of the rule language"
        match node:
            case ast.Tuple():
                message = "a list of values is not a condition; join them with 'and'"
            case ast.Starred():
                message = "'*' before an argument is not part of the rule language"
            case ast.Attribute():
                message = "only an indicator has outputs, as in bands.upper"
            case ast.Call():
                message = "only the functions of the rule language can be called"
        return self._at(node, RuleNotAllowed, message)

    def _at(self, node: ast.expr, kind: type[RuleInvalid], message: str) -> RuleInvalid:
        return rule_finding(kind, self._text, node.col_offset, message)

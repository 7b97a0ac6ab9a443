"""A typed tree back as text: the one spelling that all equal rules share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.strategies.rules.tree import (
    Arithmetic,
    Call,
    Comparison,
    Logic,
    LogicOperator,
    Negative,
    Not,
    Number,
    Parameter,
    Series,
)

if TYPE_CHECKING:
    from apps.strategies.rules.tree import (
        Node,
    )

# How tightly an operator binds, loosest first, as in Python's own grammar.
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)

# Whole floats below this are exact, and are written without a fraction.
_WHOLE_LIMIT = 1e15


def rule_unparse(node: Node) -> str:
    """Return the canonical text of a tree; reading it gives an equal tree."""
    match node:
        case Number():
            text = number_text(node.value)
        case Parameter() | Series():
            text = node.name
        case Negative():
            text = "-" + _bracketed(node.operand, _SIGN)
        case Not():
            text = "not " + _bracketed(node.operand, _NOT)
        case Arithmetic():
            # Sums and products are read from the left; floats are not associative, so
            # brackets on the right are part of the meaning.
            left = _bracketed(node.left, _level(node))
            right = _bracketed(node.right, _level(node) + 1)
            text = f"{left} {node.operator} {right}"
        case Comparison():
            text = _comparison_text(node)
        case Logic():
            parts = (_bracketed(o, _level(node) + 1) for o in node.operands)
            text = f" {node.operator} ".join(parts)
        case Call():
            text = f"{node.function}({', '.join(map(rule_unparse, node.arguments))})"
    return text


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    if value.is_integer() and abs(value) < _WHOLE_LIMIT:
        return str(int(value))
    return repr(value)


def _comparison_text(node: Comparison) -> str:
    text = _bracketed(node.operands[0], _SUM)
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        text += f" {operator} {_bracketed(operand, _SUM)}"
    return text


def _bracketed(node: Node, level: int) -> str:
    text = rule_unparse(node)
    return text if _level(node) >= level else f"({text})"


def _level(node: Node) -> int:
    match node:
        case Logic():
            return _OR if node.operator is LogicOperator.OR else _AND
        case Not():
            return _NOT
        case Comparison():
            return _COMPARISON
        case Arithmetic():
            return _SUM if node.operator in ("+", "-") else _PRODUCT
        case Negative():
            return _SIGN
        case _:
            return _ATOM

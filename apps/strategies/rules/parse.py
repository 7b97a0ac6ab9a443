"""From a rule's text to its typed tree; the text is read, never run.

Python's own `ast` gives the expression its shape. Each of its nodes is then built into
one of ours, or refused; all faults of sibling parts are told together.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apps.strategies.errors import RuleSyntax, RuleTooLong, RuleType
from apps.strategies.rules.build import Builder
from apps.strategies.rules.findings import rule_finding
from apps.strategies.rules.scan import (
    RULE_DEPTH_MAXIMUM,
    RULE_LENGTH_MAXIMUM,
    rule_scan,
    too_deep,
)
from apps.strategies.rules.unparse import rule_unparse
from apps.strategies.rules.values import ValueType

if TYPE_CHECKING:
    from apps.strategies.errors import RuleInvalid
    from apps.strategies.rules.scope import RuleScope
    from apps.strategies.rules.tree import Node


def rule_parse(text: str, scope: RuleScope) -> Node:
    """Read a rule.

    Args:
        text: The rule, such as `crosses_above(fast_ma, slow_ma) and rsi < limit`.
        scope: The names that the strategy declares.

    Raises:
        RuleInvalid: What is wrong, at which column (1-based), and what would be right;
            each kind of fault is a subclass, and `details` holds all of them.

    Returns:
        The tree of a condition.
    """
    line = rule_scan(text)
    expression = _expression(text, line)
    _check_depth(text, expression)
    rule = Builder(text, scope).build(expression)
    if rule.type is not ValueType.CONDITION:
        message = (
            f"a rule must be a condition, and this is a {rule.type}; "
            "compare it with something, as in close > 100"
        )
        raise rule_finding(RuleType, text, expression.col_offset, message)
    # So that the canonical form of every rule that is accepted is accepted, too.
    if len(rule_unparse(rule)) > RULE_LENGTH_MAXIMUM:
        raise RuleTooLong(
            "written with the usual spaces, the rule has more than "
            f"{RULE_LENGTH_MAXIMUM:,} characters; move parts of it into indicators"
        )
    return rule


def _expression(text: str, line: str) -> ast.expr:
    # The parser takes leading spaces for indentation.
    indent = len(line) - len(line.lstrip())
    try:
        expression = ast.parse(line.lstrip(), mode="eval").body
    except SyntaxError as error:
        raise _syntax_finding(text, indent, error) from None
    except (RecursionError, MemoryError):
        raise too_deep(text, indent) from None
    for node in ast.walk(expression):
        if isinstance(node, ast.expr):
            node.col_offset += indent
            if node.end_col_offset is not None:
                node.end_col_offset += indent
    return expression


def _syntax_finding(text: str, indent: int, error: SyntaxError) -> RuleInvalid:
    # Python says 0 for a text that ends too early.
    place = error.offset - 1 + indent if error.offset else len(text.rstrip())
    position = min(place, len(text.rstrip()))
    if text[position:].strip():
        message = f"the rule cannot be read from here on ({error.msg})"
    else:
        message = f"the rule ends too early ({error.msg})"
    return rule_finding(RuleSyntax, text, position, message)


def _check_depth(text: str, expression: ast.expr) -> None:
    """Refuse deep trees without recursion, before anything recurses over them."""
    level = [expression]
    for _ in range(RULE_DEPTH_MAXIMUM):
        level = [
            child
            for node in level
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.expr)
        ]
    if level:
        raise too_deep(text, level[0].col_offset)

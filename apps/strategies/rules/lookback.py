"""How far back a rule reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.strategies.rules.functions import FUNCTIONS
from apps.strategies.rules.tree import Call, Number, Parameter, Series, children

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.rules.tree import Node

# Functions whose n bars include the bar itself, so that they read n - 1 earlier ones.
_WINDOWS = frozenset({"highest", "lowest", "mean"})


def rule_lookback(
    rule: Node, warmups: Mapping[str, int], scalars: Mapping[str, float]
) -> int:
    """Return on how many first bars a rule cannot speak.

    Args:
        rule: A tree from `rule_parse`.
        warmups: For each series that the rule names, on how many first bars it is
            undefined; 0 for those that are missing, as prices are.
        scalars: The value of each strategy parameter that counts bars.

    Returns:
        Bars; the rule can be defined from the bar of this index on.
    """
    if isinstance(rule, Series):
        return warmups.get(rule.name, 0)
    deepest = max(
        (rule_lookback(c, warmups, scalars) for c in children(rule)), default=0
    )
    if not isinstance(rule, Call):
        return deepest
    spec = FUNCTIONS[rule.function]
    if spec.bars_minimum is None:
        return deepest + spec.reads_back
    count = _count(rule.arguments[-1], scalars)
    return deepest + count - (rule.function in _WINDOWS)


def rule_bar_counts(rule: Node) -> frozenset[str]:
    """Return the strategy parameters with which a rule counts bars."""
    found = frozenset().union(*(rule_bar_counts(child) for child in children(rule)))
    if isinstance(rule, Call) and FUNCTIONS[rule.function].bars_minimum is not None:
        count = rule.arguments[-1]
        if isinstance(count, Parameter):
            return found | {count.name}
    return found


def _count(node: Node, scalars: Mapping[str, float]) -> int:
    # `rule_parse` lets nothing else count bars.
    match node:
        case Number():
            return int(node.value)
        case Parameter():
            return int(scalars[node.name])
        case _:
            raise TypeError(f"{type(node).__name__} cannot count bars")

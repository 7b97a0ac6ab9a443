"""The rule language: a small, typed expression language over the bars of a market.

A rule is read (`rule_parse`) into a tree that is a plain value, can be written back in
one canonical way (`rule_unparse`), and is evaluated over all bars at once by
`apps.strategies.rules.evaluate.rule_evaluate`. The evaluation is not imported here:
the web process checks rules without loading numpy.
"""

from apps.strategies.rules.functions import FUNCTIONS, PRICE_COLUMNS, RuleFunction
from apps.strategies.rules.lookback import rule_bar_counts, rule_lookback
from apps.strategies.rules.parse import rule_parse
from apps.strategies.rules.scan import RULE_DEPTH_MAXIMUM, RULE_LENGTH_MAXIMUM
from apps.strategies.rules.scope import (
    RuleScope,
    ScopeParameter,
    series_name,
)
from apps.strategies.rules.tree import Node
from apps.strategies.rules.unparse import rule_unparse
from apps.strategies.rules.values import ValueType

__all__ = [
    "FUNCTIONS",
    "PRICE_COLUMNS",
    "RULE_DEPTH_MAXIMUM",
    "RULE_LENGTH_MAXIMUM",
    "Node",
    "RuleFunction",
    "RuleScope",
    "ScopeParameter",
    "ValueType",
    "rule_bar_counts",
    "rule_lookback",
    "rule_parse",
    "rule_unparse",
    "series_name",
]

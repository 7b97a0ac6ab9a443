"""A strategy as data: its shape, its checks, its one canonical form.

Reading a definition has two steps: pydantic checks the shape, then `definition_check`
the meaning. `definition_parse` does both. Nothing here loads a numerical library.
"""

from apps.strategies.definition.canonical import (
    definition_canonical_json,
    definition_hash,
)
from apps.strategies.definition.check import definition_check, definition_parse
from apps.strategies.definition.compiled import (
    CompiledRules,
    definition_rules,
    definition_scope,
)
from apps.strategies.definition.parameters import (
    definition_integer_parameters,
    parameters_apply,
)
from apps.strategies.definition.shape import (
    FixedQuoteSizing,
    IndicatorUse,
    PercentOfEquitySizing,
    RiskPerTradeSizing,
    SideRules,
    StrategyDefinition,
    StrategyParameter,
)
from apps.strategies.definition.warmup import warmup_bars

__all__ = [
    "CompiledRules",
    "FixedQuoteSizing",
    "IndicatorUse",
    "PercentOfEquitySizing",
    "RiskPerTradeSizing",
    "SideRules",
    "StrategyDefinition",
    "StrategyParameter",
    "definition_canonical_json",
    "definition_check",
    "definition_hash",
    "definition_integer_parameters",
    "definition_parse",
    "definition_rules",
    "definition_scope",
    "parameters_apply",
    "warmup_bars",
]

"""The four rules of a strategy as trees, read with the names that it declares."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from apps.indicators.catalogue import indicator_get
from apps.indicators.errors import IndicatorNotFound
from apps.strategies.rules import RuleScope, ScopeParameter, rule_parse

if TYPE_CHECKING:
    from apps.strategies.definition.shape import StrategyDefinition
    from apps.strategies.rules import Node


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """The rules of a strategy; None where there is none."""

    entry_long: Node | None
    entry_short: Node | None
    exit_long: Node | None
    exit_short: Node | None

    def present(self) -> tuple[Node, ...]:
        """Return the rules that there are."""
        rules = (getattr(self, field.name) for field in fields(self))
        return tuple(rule for rule in rules if rule is not None)


def definition_scope(definition: StrategyDefinition) -> RuleScope:
    """Return the names that a strategy's rules may use.

    An indicator that the catalogue does not have may be used with any output: its
    absence is a finding of its own.
    """
    parameters = {
        name: ScopeParameter(
            minimum=parameter.minimum,
            maximum=parameter.maximum,
            is_integer=all(
                isinstance(value, int)
                for value in (parameter.default, parameter.minimum, parameter.maximum)
            ),
        )
        for name, parameter in definition.parameters.items()
    }
    outputs: dict[str, tuple[str, ...] | None] = {}
    for name, use in definition.indicators.items():
        try:
            spec = indicator_get(use.indicator)
        except IndicatorNotFound:
            outputs[name] = None
        else:
            outputs[name] = tuple(output.name for output in spec.outputs)
    return RuleScope(parameters=parameters, indicators=outputs)


def definition_rules(definition: StrategyDefinition) -> CompiledRules:
    """Return the rules of a strategy as trees.

    Raises:
        RuleInvalid: A rule cannot be read; `definition_check` tells all of them.
    """
    scope = definition_scope(definition)

    def read(text: str | None) -> Node | None:
        return None if text is None else rule_parse(text, scope)

    return CompiledRules(
        entry_long=read(definition.entry.long),
        entry_short=read(definition.entry.short),
        exit_long=read(definition.exit.long),
        exit_short=read(definition.exit.short),
    )

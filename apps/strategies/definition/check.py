"""Whether the parts of a strategy fit together, with all findings at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.strategies.definition.compiled import definition_scope
from apps.strategies.definition.findings import Findings
from apps.strategies.definition.indicators_check import indicators_check
from apps.strategies.definition.names import names_check
from apps.strategies.definition.reading import definition_read
from apps.strategies.definition.shape import RiskPerTradeSizing
from apps.strategies.errors import (
    ParameterBoundsInvalid,
    RuleInvalid,
    SizingNeedsStop,
    StrategyWithoutEntry,
    TakeProfitUnreachable,
)
from apps.strategies.rules import rule_parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.definition.shape import StrategyDefinition


def definition_parse(data: Mapping[str, object]) -> StrategyDefinition:
    """Read a strategy from JSON data, in both steps: the shape, then the meaning.

    Args:
        data: What `json.loads` gives for a strategy; decimals are strings.

    Raises:
        StrategyInvalid: `details` holds every finding of the first step that failed,
            each with its code, a message and where it was found (`entry.long`).

    Returns:
        A strategy that can be run.
    """
    definition = definition_read(data)
    definition_check(definition)
    return definition


def definition_check(definition: StrategyDefinition) -> None:
    """Check what the shape alone cannot tell.

    Names, bounds, indicators and what they read, rules, and the conditions between
    fields.

    Raises:
        StrategyInvalid: `details` holds every finding.
    """
    findings = Findings()
    names_check(definition, findings)
    _check_bounds(definition, findings)
    indicators_check(definition, findings)
    _check_rules(definition, findings)
    _check_exits(definition, findings)
    findings.raise_if_any()


def _check_bounds(definition: StrategyDefinition, findings: Findings) -> None:
    for name, parameter in definition.parameters.items():
        low, value, high = parameter.minimum, parameter.default, parameter.maximum
        if not low <= value <= high:
            message = (
                f"minimum {low}, default {value} and maximum {high} must be in this "
                "order; equal is allowed"
            )
            findings.add(ParameterBoundsInvalid, f"parameters.{name}", message)


def _check_rules(definition: StrategyDefinition, findings: Findings) -> None:
    scope = definition_scope(definition)
    entry, leave = definition.entry, definition.exit
    for attr, text in (
        ("entry.long", entry.long),
        ("entry.short", entry.short),
        ("exit.long", leave.long),
        ("exit.short", leave.short),
    ):
        if text is None:
            continue
        try:
            rule_parse(text, scope)
        except RuleInvalid as error:
            findings.add_error(error, attr)
    if entry.long is None and entry.short is None:
        message = "without an entry rule the strategy never trades; give long or short"
        findings.add(StrategyWithoutEntry, "entry", message)


def _check_exits(definition: StrategyDefinition, findings: Findings) -> None:
    sizing, target = definition.sizing, definition.take_profit
    if isinstance(sizing, RiskPerTradeSizing) and definition.stop_loss is None:
        message = (
            "risk_per_trade sizes an entry by the loss at its stop; give a stop_loss, "
            "or choose another kind of sizing"
        )
        findings.add(SizingNeedsStop, "stop_loss", message)
    if definition.entry.short is not None and target is not None and target >= 1:
        message = (
            "a short gains its whole entry price only at a price of zero; "
            "give a take_profit below 1, or enter no shorts"
        )
        findings.add(TakeProfitUnreachable, "take_profit", message)

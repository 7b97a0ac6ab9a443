"""The one form that all spellings of a strategy share, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from apps.indicators.catalogue import indicator_get
from apps.strategies.definition.compiled import definition_rules
from apps.strategies.rules import rule_unparse

if TYPE_CHECKING:
    from apps.strategies.definition.shape import StrategyDefinition
    from apps.strategies.rules import Node


def definition_canonical_json(definition: StrategyDefinition) -> str:
    """Return a strategy as canonical JSON.

    Keys are sorted, decimals and numbers are written in one way, rules are written
    back from their trees, and what was left to a default is filled in, those of the
    catalogue included, so that a later change of a default changes no stored strategy.
    Reading the result gives a strategy with the same canonical form.

    Args:
        definition: A strategy that `definition_check` has passed.

    Raises:
        RuleInvalid: A rule cannot be read.
        IndicatorNotFound: An indicator is not in the catalogue.
    """
    data: dict[str, Any] = definition.model_dump(mode="json")
    rules = definition_rules(definition)
    data["entry"] = {"long": _text(rules.entry_long), "short": _text(rules.entry_short)}
    data["exit"] = {"long": _text(rules.exit_long), "short": _text(rules.exit_short)}
    for use in data["indicators"].values():
        defaults = {
            parameter.name: _number(parameter.default)
            for parameter in indicator_get(use["indicator"]).parameters
        }
        use["parameters"] = defaults | use["parameters"]
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def definition_hash(definition: StrategyDefinition) -> str:
    """Return the SHA-256 of the canonical JSON, as 64 hexadecimal digits.

    Args:
        definition: A strategy that `definition_check` has passed.

    Raises:
        RuleInvalid: A rule cannot be read.
        IndicatorNotFound: An indicator is not in the catalogue.
    """
    return hashlib.sha256(definition_canonical_json(definition).encode()).hexdigest()


def _text(rule: Node | None) -> str | None:
    return None if rule is None else rule_unparse(rule)


def _number(value: float) -> float:
    return int(value) if float(value).is_integer() else value

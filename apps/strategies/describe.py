"""Definitions and templates, as they are told to a client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apps.strategies.definition import (
    definition_canonical_json,
    definition_hash,
    definition_parse,
    warmup_bars,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.templates import StrategyTemplate


def definition_describe(data: Mapping[str, Any]) -> dict[str, Any]:
    """Check a definition and return its canonical form, hash and warm-up.

    Raises:
        StrategyInvalid: The definition does not hold; all findings are in `details`.
    """
    definition = definition_parse(data)
    return {
        "content_hash": definition_hash(definition),
        "definition": json.loads(definition_canonical_json(definition)),
        "warmup_bars": warmup_bars(definition, {}),
    }


def template_describe(template: StrategyTemplate) -> dict[str, Any]:
    """Return a template with its definition as data."""
    return {
        "key": template.key,
        "title": template.title,
        "works": template.works,
        "fails": template.fails,
        "definition": template.definition.model_dump(mode="json"),
    }

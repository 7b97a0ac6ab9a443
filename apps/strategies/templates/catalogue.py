"""Reading the templates, once per process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from apps.strategies.definition import definition_parse
from apps.strategies.errors import TemplateNotFound
from apps.strategies.rules.findings import near_names, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.definition import StrategyDefinition

_DEFINITIONS = Path(__file__).parent / "definitions"


@dataclass(frozen=True, slots=True)
class StrategyTemplate:
    """A known strategy, ready to run.

    Attributes:
        key: What the API calls it.
        title: What people call it.
        works: A sentence on the market in which it earns.
        fails: A sentence on the market in which it loses.
        definition: The strategy, checked.
    """

    key: str
    title: str
    works: str
    fails: str
    definition: StrategyDefinition


def template_list() -> tuple[StrategyTemplate, ...]:
    """Return all templates, ordered by key."""
    return tuple(_templates().values())


def template_get(key: str) -> StrategyTemplate:
    """Return one template.

    Args:
        key: As in `template_list`.

    Raises:
        TemplateNotFound: There is none; the message names the nearest, or all.
    """
    templates = _templates()
    if key not in templates:
        raise TemplateNotFound(
            f"there is no template '{shown(key)}'{near_names(key, templates)}; "
            f"there are {', '.join(templates)}",
            attr="template",
        )
    return templates[key]


@cache
def _templates() -> Mapping[str, StrategyTemplate]:
    return MappingProxyType(
        {path.stem: _read(path) for path in sorted(_DEFINITIONS.glob("*.json"))}
    )


def _read(path: Path) -> StrategyTemplate:
    content = json.loads(path.read_text(encoding="utf-8"))
    return StrategyTemplate(
        key=path.stem,
        title=content["title"],
        works=content["works"],
        fails=content["fails"],
        definition=definition_parse(content["definition"]),
    )

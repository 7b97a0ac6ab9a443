"""Strategies on their way out, and exported code that is run where it is."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

from apps.strategies.definition import definition_hash, definition_parse
from apps.strategies.export import ANY_MARKET, Subject
from apps.strategies.tests.test_definition import strategy

if TYPE_CHECKING:
    from pathlib import Path

    from apps.strategies.definition import StrategyDefinition
    from apps.strategies.export import Market

IMPORTS = "import math\nimport numpy as np\nimport pandas as pd\nimport talib\n"


def definition_of(**changes: object) -> StrategyDefinition:
    """Return a checked strategy without slippage, with some of its fields replaced."""
    return definition_parse(strategy(**({"slippage": "0"} | changes)))


def subject_of(
    definition: StrategyDefinition, *, version: int = 7, market: Market = ANY_MARKET
) -> Subject:
    """Return a strategy on its way out."""
    return Subject(
        definition=definition,
        version=version,
        content_hash=definition_hash(definition),
        market=market,
        slippage=definition.slippage,
    )


def code_run(folder: Path, text: str) -> dict[str, Any]:
    """Run exported functions in a module of their own; return its names."""
    path = folder / "exported.py"
    path.write_text(f"{IMPORTS}\n\n{text}\n")
    return runpy.run_path(str(path))

"""The names that a strategy gives to its parameters and indicators."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from apps.strategies.errors import StrategyNameInvalid, StrategyNameTaken
from apps.strategies.rules import FUNCTIONS, PRICE_COLUMNS
from apps.strategies.rules.findings import shown

if TYPE_CHECKING:
    from apps.strategies.definition.findings import Findings
    from apps.strategies.definition.shape import StrategyDefinition

NAME_LENGTH_MAXIMUM = 40

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def names_check(definition: StrategyDefinition, findings: Findings) -> None:
    """Note every name that a rule could not use, or that means two things."""
    for name in definition.parameters:
        _check(name, f"parameters.{shown(name)}", findings)
    for name in definition.indicators:
        attr = f"indicators.{shown(name)}"
        _check(name, attr, findings)
        if name in definition.parameters:
            message = f"'{shown(name)}' is the name of a parameter, too; rename one"
            findings.add(StrategyNameTaken, attr, message)


def _check(name: str, attr: str, findings: Findings) -> None:
    if not _NAME.fullmatch(name) or len(name) > NAME_LENGTH_MAXIMUM:
        message = (
            f"'{shown(name)}' cannot be used in a rule; a name is made of ASCII "
            "letters, digits and _, does not begin with a digit, and has at most "
            f"{NAME_LENGTH_MAXIMUM} characters"
        )
        findings.add(StrategyNameInvalid, attr, message)
    for taken, what in (
        (PRICE_COLUMNS, "a price column"),
        (FUNCTIONS, "a function of the rule language"),
        (keyword.kwlist, "a word of the language"),
    ):
        if name in taken:
            message = f"'{name}' is {what}; choose another name"
            findings.add(StrategyNameTaken, attr, message)

"""How a fault in a rule is told: the column, what is wrong, and a caret under the text."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.strategies.errors import RuleInvalid

_EXCERPT_BEFORE = 40
_EXCERPT_AFTER = 30
_SHOWN_LENGTH = 40


def rule_finding(
    kind: type[RuleInvalid], text: str, position: int, message: str
) -> RuleInvalid:
    """Return the error of a place in a rule, with an excerpt that points at it.

    Args:
        kind: The error to make; its code tells what sort of fault it is.
        text: The whole rule as it was given.
        position: 0-based index of the character at fault; told 1-based.
        message: What is wrong there and what would be right.
    """
    start = max(0, position - _EXCERPT_BEFORE)
    end = position + _EXCERPT_AFTER
    before, after = "..." * (start > 0), "..." * (end < len(text))
    excerpt = before + printable(text[start:end]) + after
    caret = " " * (len(before) + position - start) + "^"
    return kind(f"column {position + 1}: {message}\n  {excerpt}\n  {caret}")


def printable(text: str) -> str:
    """Return the text in printable ASCII: a space for white space, `?` for the rest."""
    return re.sub(r"[^ -~]", "?", re.sub(r"[\t\r\n]", " ", text))


def shown(text: str) -> str:
    """Return a short form of what somebody wrote, safe to repeat in a message."""
    safe = printable(text)
    return safe if len(safe) <= _SHOWN_LENGTH else safe[: _SHOWN_LENGTH - 3] + "..."


def near_names(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'close'?` for the nearest known name, or nothing."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    # A name of absurd length is near to nothing, and comparing it is slow.
    matches = get_close_matches(name[:_SHOWN_LENGTH].lower(), by_lower, n=1)
    return f"; did you mean '{by_lower[matches[0]]}'?" if matches else ""

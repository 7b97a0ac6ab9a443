"""How an answer names the values that would have been right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A sentence, not a catalogue; and of what was written only so much is quoted.
NAMED = 30
QUOTED = 40


def choices_text(values: Iterable[object]) -> str:
    """Return values as a list in a sentence: `buy, sell`; of many the first 30."""
    texts = [str(value) for value in values]
    shown = ", ".join(texts[:NAMED])
    more = len(texts) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown

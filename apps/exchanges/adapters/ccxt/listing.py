"""Whether an empty list is one, or an answer of another shape."""

from __future__ import annotations

from typing import Any

# Kraken tells lists as objects, by the names of what is in them.
_BY_NAME = ("open", "closed", "trades")
# A list of no errors says nothing about the rest.
_OF_ERRORS = ("error", "errors", "warning", "warnings")


def said_nothing(answer: Any) -> bool:
    """Whether an exchange's own answer can stand for an empty list.

    ccxt makes an empty list of an answer of another shape, which is not the same as to be
    told that there is nothing: a history would end there, or an order be forgotten.

    Args:
        answer: The JSON that came. It says so with a list that is empty, or with one of
            rows, which ccxt left out because they are not of the time asked for.
    """
    if isinstance(answer, dict):
        return any(
            (name in _BY_NAME and isinstance(each, dict)) or said_nothing(each)
            for name, each in answer.items()
            if name not in _OF_ERRORS
        )
    if not isinstance(answer, list):
        return False
    return not answer or any(isinstance(each, dict | list) for each in answer)

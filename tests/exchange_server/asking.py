"""What a request's parameters say, and what is refused for how it is asked."""

from __future__ import annotations

from tests.exchange_server.refusals import refusal


def whole(query: dict[str, str], name: str) -> int | None:
    """Return a whole number of the query, or None where it is not said."""
    told = query.get(name)
    if told is None:
        return None
    if not told.isdigit() or len(told) > 20:
        raise refusal(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is "
            "'^[0-9]{1,20}$'.",
        )
    return int(told)


def needed(query: dict[str, str], name: str) -> str:
    """Return a parameter that must be there."""
    told = query.get(name)
    if not told:
        raise refusal(
            -1102,
            f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
        )
    return told


def limited(query: dict[str, str], most: int, *, usual: int = 500) -> int:
    """Return how many rows are asked for, at most so many."""
    told = whole(query, "limit")
    if told == 0:
        raise refusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(told or usual, most)

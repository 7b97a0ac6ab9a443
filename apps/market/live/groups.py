"""Which subscriptions to begin and to end, when other symbols are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    type Group = tuple[str, ...]

# Subscriptions of one kind to one exchange; beyond that they are joined.
MOST_GROUPS = 6


def groups_change(
    running: Sequence[Group], symbols: Sequence[str], *, one_each: bool
) -> tuple[list[Group], list[Group]]:
    """Return the groups to end and those to begin.

    A running group is left alone while somebody wants one of its symbols: to change it
    would leave all of them without a price for a moment.

    Args:
        running: The groups that are followed now.
        symbols: All that is wanted.
        one_each: Whether each symbol has a group of its own.
    """
    wanted = set(symbols)
    end = [group for group in running if not wanted.intersection(group)]
    kept = [group for group in running if group not in end]
    known = {symbol for group in kept for symbol in group}
    new = [symbol for symbol in symbols if symbol not in known]
    if one_each:
        return end, [(symbol,) for symbol in new]
    unwanted = len(known - wanted)
    if len(kept) + bool(new) > MOST_GROUPS or unwanted > max(10, len(wanted)):
        return list(running), [tuple(symbols)]
    return end, [tuple(new)] if new else []

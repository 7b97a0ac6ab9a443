"""Which trade of one list is which of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.analysis.parity.contracts import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import IntArray, Trades

# An engine that fills at the signal's close enters one bar before one that waits for
# the next open: their trades are the same ones.
NEAR = 1


def trades_match(first: Trades, second: Trades) -> list[tuple[int, int]]:
    """Pair the trades of two lists that are each in order and do not overlap.

    Where one side enters a bar earlier throughout, the lists are laid over each other
    with that shift. Then two trades are one when they enter in the same direction on
    the same bar; else when they are held at the same time, or enter on neighbouring
    bars, and neither has a better counterpart next.

    Args:
        first: Trades of one side.
        second: Trades of the other.

    Returns:
        Pairs of indices in order of entry, `NOBODY` for a missing counterpart; every
        trade occurs once. The same pairs come of it when the sides change places.
    """
    return list(_walk(_rows(first, 0), _rows(second, _shift(first, second))))


type _Row = tuple[int, int, int]  # entry bar, exit bar, side


def _rows(trades: Trades, shift: int) -> list[_Row]:
    columns = (trades.entry_bar + shift, trades.exit_bar + shift, trades.side)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _shift(first: Trades, second: Trades) -> int:
    """Return by how many bars the second's entries are to be moved, mostly 0."""

    def entries(trades: Trades, shift: int) -> IntArray:
        found: IntArray = 2 * (trades.entry_bar + shift) + (trades.side > 0)
        return found

    still = entries(first, 0)
    common = {
        shift: len(np.intersect1d(still, entries(second, shift)))
        for shift in (-NEAR, 0, NEAR)
    }
    best = max(common.values())
    fits = [shift for shift, count in common.items() if count == best]
    # Where it is not plain which way they are shifted, they are not.
    return fits[0] if len(fits) == 1 else 0


def _walk(first: list[_Row], second: list[_Row]) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(first) and j < len(second):
        one, other = first[i], second[j]
        ones_is_next = j + 1 < len(second) and _same_entry(one, second[j + 1])
        others_is_next = i + 1 < len(first) and _same_entry(first[i + 1], other)
        # Of both or neither nothing follows.
        better = ones_is_next != others_is_next
        if _same_entry(one, other) or (not better and _near(one, other)):
            yield i, j
            i, j = i + 1, j + 1
        elif others_is_next if better else one <= other:
            yield i, NOBODY
            i += 1
        else:
            yield NOBODY, j
            j += 1
    yield from ((rest, NOBODY) for rest in range(i, len(first)))
    yield from ((NOBODY, rest) for rest in range(j, len(second)))


def _same_entry(one: _Row, other: _Row) -> bool:
    return one[0] == other[0] and one[2] == other[2]


def _near(one: _Row, other: _Row) -> bool:
    # Trades that only touch are one after the other.
    overlap = one[0] < other[1] and other[0] < one[1]
    return one[2] == other[2] and (overlap or abs(one[0] - other[0]) <= NEAR)

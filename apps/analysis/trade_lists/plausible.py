"""Whether a listed trade can have been."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.analysis.trade_lists.contracts import ListedTrade

# The end of 2261, near the last moment that int64 nanoseconds hold.
LAST_NS = 9_214_646_400 * 10**9
LARGEST = 1e15


def impossible(trade: ListedTrade) -> tuple[str, str] | None:
    """Return what of a trade cannot be, and what would be right; None: it is possible.

    Returns:
        A name of `csv_table.NAMES`, and a phrase that ends "is not ...".
    """
    for name, time in (("entry_time", trade.entry_ns), ("exit_time", trade.exit_ns)):
        if not 0 <= time < LAST_NS:
            return name, "a time between 1970 and 2261"
    for name in ("quantity", "entry_price", "exit_price"):
        if not 0 < getattr(trade, name) <= LARGEST:
            return name, f"a number above 0 and up to {LARGEST:g}"
    for name in ("fee", "profit"):
        value = getattr(trade, name)
        if not (math.isnan(value) or abs(value) <= LARGEST):
            return name, f"a number up to {LARGEST:g}"
    if trade.exit_ns < trade.entry_ns:
        return "exit_time", "at or after the entry"
    return None

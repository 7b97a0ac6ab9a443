"""What the rows of a capture are: hftbacktest's marks of them, by name.

A row's `ev` is its kind in the lowest byte, the side that it is of, and who sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
)
from hftbacktest.types import event_dtype

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

KIND = 0xFF
# A side: of a trade, the one that took.
BUY, SELL = BUY_EVENT, SELL_EVENT
SIDES = BUY | SELL
# Who sees it.
EXCHANGE, LOCAL = EXCH_EVENT, LOCAL_EVENT
SEEN = EXCHANGE | LOCAL
# Kinds: a level is set, by a change or in a snapshot; a side is cleared; a trade.
CHANGE, SNAPSHOT, CLEAR, TRADE = (
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    DEPTH_CLEAR_EVENT,
    TRADE_EVENT,
)


def rows_make(*shape: int) -> NDArray[Any]:
    """Return rows of nothing yet, of hftbacktest's event dtype."""
    return np.zeros(shape, dtype=event_dtype)

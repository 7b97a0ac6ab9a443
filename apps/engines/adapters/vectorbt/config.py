"""How vectorbt is called, the same in every run."""

from __future__ import annotations

from typing import Any

# Sizes are amounts that we worked out; an order that cannot be filled whole is a defect
# (cash is checked before), so it must raise instead of shrinking.
CALL: dict[str, Any] = {
    "size_type": "amount",
    "direction": "longonly",
    "accumulate": False,
    "allow_partial": False,
    "raise_reject": True,
    "upon_long_conflict": "ignore",
    "stop_entry_price": "fillprice",
    "stop_exit_price": "stopmarket",
    "upon_stop_exit": "close",
    "freq": None,
}

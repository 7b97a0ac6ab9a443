"""Captures for tests, made row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
)
from hftbacktest.types import event_dtype

from apps.engines.adapters.hftbacktest.raw import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

MS = 1_000_000
BEGIN = 1_700_000_000_000 * MS
LATENCY = 5 * MS
BID, ASK = DEPTH_EVENT | BUY_EVENT, DEPTH_EVENT | SELL_EVENT
BOUGHT, SOLD = TRADE_EVENT | BUY_EVENT, TRADE_EVENT | SELL_EVENT
CLEAR_BIDS, CLEAR_ASKS = DEPTH_CLEAR_EVENT | BUY_EVENT, DEPTH_CLEAR_EVENT | SELL_EVENT

type Row = tuple[float, int, float, float]


def rows_of(rows: Iterable[Row], *, latency: int = LATENCY) -> NDArray[Any]:
    """Return events of (milliseconds, kind and side, price, quantity), as played."""
    told = list(rows)
    raw = np.zeros(len(told), dtype=event_dtype)
    for row, (ms, kind, price, quantity) in zip(raw, told, strict=True):
        row["ev"], row["px"], row["qty"] = kind, price, quantity
        row["exch_ts"] = BEGIN + round(ms * MS)
        row["local_ts"] = BEGIN + round(ms * MS) + latency
    events, _ = ordered(raw)
    return events


def book(ms: float, bid: float, ask: float, quantity: float = 5.0) -> list[Row]:
    """Return rows that leave one level on each side."""
    return [
        (ms, CLEAR_BIDS, 0.1, 0.0),
        (ms, CLEAR_ASKS, 1e6, 0.0),
        (ms, BID, bid, quantity),
        (ms, ASK, ask, quantity),
    ]


def written(folder: Path, events: NDArray[Any], name: str = "capture.npz") -> str:
    """Write events as anyone would, and return the path."""
    path = folder / name
    np.savez(path, data=events)
    return str(path)

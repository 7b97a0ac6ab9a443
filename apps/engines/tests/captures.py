"""Captures for tests, made row by row."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.hftbacktest.raw import ordered
from apps.engines.adapters.hftbacktest.rows import (
    BUY,
    CHANGE,
    CLEAR,
    SELL,
    TRADE,
    rows_make,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

MS = 1_000_000
BEGIN = 1_700_000_000_000 * MS
LATENCY = 5 * MS
BID, ASK = CHANGE | BUY, CHANGE | SELL
BOUGHT, SOLD = TRADE | BUY, TRADE | SELL
CLEAR_BIDS, CLEAR_ASKS = CLEAR | BUY, CLEAR | SELL

type Row = tuple[float, int, float, float]


def rows_of(rows: Iterable[Row], *, latency: int = LATENCY) -> NDArray[Any]:
    """Return events of (milliseconds, kind and side, price, quantity), as played."""
    told = list(rows)
    raw = rows_make(len(told))
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


def upstream(code: str, *arguments: str | Path) -> str:
    """Return what a script of upstream's own users prints.

    In a process of its own, as they would run it: its converters bring polars, which
    does not survive a fork, and print what they do.

    Args:
        code: Python; `argv` has the arguments.
        arguments: What it is given.
    """
    done = subprocess.run(  # noqa: S603 - a script that stands in a test
        [sys.executable, "-c", f"from sys import argv\n{code}", *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def written(folder: Path, events: NDArray[Any], name: str = "capture.npz") -> str:
    """Write events as anyone would, and return the path."""
    path = folder / name
    np.savez(path, data=events)
    return str(path)

"""A market-making run's fills and records: believed, hashed, and as Parquet files."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from apps.analysis.results import MOMENT, tables_write
from apps.analysis.selectors.market_making import EQUITY_FILE, FILLS_FILE
from apps.engines.errors import EngineResultInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engines.contracts import IntArray
    from apps.engines.market_making import MarketMakingResult

RECORDS = ("time", "mid", "inventory", "equity")
# Where the book has no middle, or the capture ends before the horizon.
MAY_BE_UNKNOWN = ("mid", "mid_after")


def making_verify(result: MarketMakingResult) -> None:
    """Refuse a result that breaks the contract.

    Raises:
        EngineResultInvalid: Says what is wrong.
    """
    fills = {one.name: getattr(result.fills, one.name) for one in fields(result.fills)}
    records = {name: getattr(result, name) for name in RECORDS}
    for what, columns, unknown in (
        ("fills", fills, MAY_BE_UNKNOWN),
        ("records", records, ()),
    ):
        if len({len(column) for column in columns.values()}) != 1:
            _refuse(f"the columns of {what} are not of one length")
        if (np.diff(columns["time"]) < 0).any():
            _refuse(f"the {what} are not in order of time")
        for name, column in columns.items():
            if name not in unknown and not np.isfinite(column).all():
                _refuse(f"the column {name} of {what} has a number that is none")
    if not np.isin(result.fills.side, (-1, 1)).all():
        _refuse("a fill is neither bought nor sold")
    if not (
        0 <= result.refused <= result.quotes and len(result.fills) <= result.quotes
    ):
        _refuse(
            f"{len(result.fills):,} fills and {result.refused:,} refusals of "
            f"{result.quotes:,} quotes"
        )


def making_hash(result: MarketMakingResult) -> str:
    """Return the SHA-256 of all fills and records, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for one in fields(result.fills):
        digest.update(np.ascontiguousarray(getattr(result.fills, one.name)).data)
    for name in RECORDS:
        digest.update(np.ascontiguousarray(getattr(result, name)).data)
    return digest.hexdigest()


def making_write(folder: Path, result: MarketMakingResult) -> None:
    """Write a run's fills and records; times to the microsecond.

    Args:
        folder: Where; made when it is not there.
        result: What came of the run.

    Raises:
        ResultStorageFull: The disk has no room; nothing is left behind.
    """
    # What is not a number is null there, as it is in JSON.
    fills = {
        one.name: pa.array(getattr(result.fills, one.name), from_pandas=True)
        for one in fields(result.fills)
    }
    records = {name: getattr(result, name) for name in RECORDS}
    tables_write(
        {
            folder / FILLS_FILE: pa.table(
                fills | {"time": _moments(result.fills.time)}
            ),
            folder / EQUITY_FILE: pa.table(records | {"time": _moments(result.time)}),
        }
    )


def _moments(times: IntArray) -> pa.Array:
    return pa.array(times // 1_000, type=MOMENT)


def _refuse(reason: str) -> None:
    msg = f"The engine's result is not to be believed: {reason}."
    raise EngineResultInvalid(msg)

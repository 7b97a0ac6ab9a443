"""A parity run's matches as Parquet, one file a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pyarrow as pa

from apps.analysis.parity.compare import CAUSES, profit_differences
from apps.analysis.parity.contracts import NOBODY
from apps.analysis.parity.telling import reason_name
from apps.analysis.results import MOMENT, tables_write
from apps.analysis.selectors import matches_file, parity_folder
from apps.core.files import folder_publish, stored_path

if TYPE_CHECKING:
    from apps.analysis.models import ParityRun
    from apps.analysis.parity.contracts import Comparison, Participant
    from apps.analysis.services.parity_judge import Judged
    from apps.engines.contracts import Bars, IntArray


def matches_write(parity: ParityRun, judged: Judged, bars: Bars) -> None:
    """Write all comparisons' rows and note in the run where they are.

    Each attempt has a folder of its own.

    Raises:
        ResultStorageFull: The disk has no room; nothing is left behind.
        StorageUnavailable: The bucket does not answer, or refuses; likewise.
    """
    folder = parity_folder(parity.pk) / f"matches-{uuid4().hex[:8]}"
    tables_write(
        {
            folder / matches_file(number): _table(comparison, sides, bars)
            for number, (comparison, sides) in enumerate(
                zip(judged.comparisons, judged.sides, strict=True)
            )
        }
    )
    parity.path = stored_path(folder)
    folder_publish(parity.path)


def _table(
    comparison: Comparison, sides: tuple[Participant, Participant], bars: Bars
) -> pa.Table:
    matches = comparison.matches
    columns: dict[str, Any] = {
        "cause": [
            None if code == NOBODY else CAUSES[code].value
            for code in matches.cause.tolist()
        ],
        "detail": list(matches.detail),
        "within_tolerance": matches.within,
        "follows": matches.follows,
        "profit_difference": pa.array(
            profit_differences(matches, *sides), from_pandas=True
        ),
    }
    for key, side, at in (
        ("first", sides[0], matches.first),
        ("second", sides[1], matches.second),
    ):
        columns |= {f"{key}_{name}": one for name, one in _side(side, at, bars).items()}
    return pa.table(columns)


def _side(side: Participant, at: IntArray, bars: Bars) -> dict[str, Any]:
    trades, missing = side.trades, at == NOBODY
    if not len(trades):
        return {name: pa.nulls(len(at), kind) for name, kind in KINDS.items()}
    # A missing counterpart is masked; any index serves as its stand-in.
    index = np.where(missing, 0, at)
    entry, leave = trades.entry_bar[index], trades.exit_bar[index]
    reasons = [reason_name(int(code)) for code in trades.exit_reason[index]]
    columns: dict[str, Any] = {
        "trade": index,
        "side": trades.side[index].astype(np.int64),
        "entry_time": bars.time[entry] // 1_000,
        "exit_time": bars.time[leave] // 1_000,
        "entry_bar": entry,
        "exit_bar": leave,
        "quantity": trades.quantity[index],
        "entry_price": trades.entry_price[index],
        "exit_price": trades.exit_price[index],
        "fees": (trades.entry_fee + trades.exit_fee)[index],
        "profit": trades.profit[index],
        "exit_reason": np.array(reasons, dtype=object),
    }
    return {
        name: pa.array(values, type=KINDS[name], mask=missing | _unsaid(values))
        for name, values in columns.items()
    }


def _unsaid(values: Any) -> Any:
    """Return where a list does not say a number: null, as is what is not there."""
    if values.dtype.kind != "f":
        return np.zeros(len(values), dtype=np.bool_)
    return np.isnan(values)


KINDS: dict[str, pa.DataType] = {
    "trade": pa.int64(),
    "side": pa.int64(),
    "entry_time": MOMENT,
    "exit_time": MOMENT,
    "entry_bar": pa.int64(),
    "exit_bar": pa.int64(),
    "quantity": pa.float64(),
    "entry_price": pa.float64(),
    "exit_price": pa.float64(),
    "fees": pa.float64(),
    "profit": pa.float64(),
    "exit_reason": pa.string(),
}

"""Points of equity as they are sent in files."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from apps.core.exact import MOST_DIGITS, PLACES
from apps.core.series_writing import strings_array
from apps.market.moments import ns_from_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet

    from apps.portfolio.models import EquityPoint

_AT_ONCE = 5_000
_AMOUNT = pa.decimal128(MOST_DIGITS, PLACES)
_COLUMNS = ("at", "equity", "flow", "growth", "peak", "stale")


class EquityRows:
    """Points of equity as Arrow batches, oldest first, some thousand at a time.

    Args:
        points: Which; of one account.
    """

    schema = pa.schema(
        [
            pa.field("time", pa.timestamp("ns", tz="UTC")),
            pa.field("equity", _AMOUNT),
            pa.field("flow", _AMOUNT),
            pa.field("growth", pa.float64()),
            pa.field("peak", _AMOUNT),
            pa.field("stale", pa.bool_()),
        ]
    )

    def __init__(self, points: QuerySet[EquityPoint]) -> None:
        """Take the points; nothing is read yet."""
        self._points = points.order_by("at")

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the points, in pages by time so that no query stays open."""
        after = None
        while True:
            some = self._points if after is None else self._points.filter(at__gt=after)
            rows = list(some.values_list(*_COLUMNS)[:_AT_ONCE])
            if rows:
                yield self._batch(rows)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    def _batch(self, rows: Sequence[tuple[object, ...]]) -> pa.RecordBatch:
        at, equity, flow, growth, peak, stale = zip(*rows, strict=True)
        moments = array("q", [ns_from_datetime(one) for one in at])
        columns = [
            pa.Array.from_buffers(
                self.schema.field("time").type,
                len(rows),
                [None, pa.py_buffer(moments.tobytes())],
            ),
            _cast(equity, _AMOUNT),
            _cast(flow, _AMOUNT),
            _cast(growth, pa.float64()),
            _cast(peak, _AMOUNT),
            _cast([str(one).lower() for one in stale], pa.bool_()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _cast(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Return values as an Arrow array, over their texts; None becomes null."""
    texts = strings_array(["" if one is None else str(one) for one in values])
    known = pc.not_equal(texts, strings_array([""])[0])
    nothing = pa.scalar(None, pa.string())
    return pc.cast(pc.if_else(known, texts, nothing), kind)

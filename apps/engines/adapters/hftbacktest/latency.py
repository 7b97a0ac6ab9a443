"""Order latencies made of the feed's own, as it was captured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.hftbacktest import ladder
from apps.engines.adapters.hftbacktest.capture import columns_of
from apps.engines.adapters.hftbacktest.config import SECOND_NS
from apps.engines.adapters.hftbacktest.rows import LOCAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Upstream's row of a measured order latency.
ROW = np.dtype(
    [("req_ts", "i8"), ("exch_ts", "i8"), ("resp_ts", "i8"), ("_padding", "i8")],
    align=True,
)


def feed_latencies(events: NDArray[Any], factor: float) -> NDArray[Any]:
    """Return one latency for each second, between which upstream interpolates.

    An order sent when an event was received takes as long as that event did, times the
    factor, and its answer as long again (upstream's `generate_order_latency`). Upstream
    looks an order's time up among the rows, so their times must rise.

    Args:
        events: Checked rows.
        factor: Of the feed's latency.
    """
    ints, _ = columns_of(events)
    seen = ints[ints[:, ladder.EV] & LOCAL != 0]
    local = seen[:, ladder.LOCAL_TS]
    # The last event of each second.
    last = np.flatnonzero(np.diff(local // SECOND_NS, append=np.iinfo(np.int64).max))
    sent = local[last]
    took = np.round((sent - seen[last, ladder.EXCH_TS]) * factor).astype(np.int64)
    took = np.maximum(took, 0)
    rows = np.zeros(len(sent), dtype=ROW)
    rows["req_ts"] = sent
    rows["exch_ts"] = _rising(sent + took)
    rows["resp_ts"] = rows["exch_ts"] + took
    return rows


def _rising(times: NDArray[np.int64]) -> NDArray[np.int64]:
    step = np.arange(len(times))
    risen: NDArray[np.int64] = np.maximum.accumulate(times - step) + step
    return risen

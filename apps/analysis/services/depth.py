"""Which order book a backtest is played on: real depth where it was captured."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from apps.analysis.run_options import execution_of
from apps.engines.contracts import Mode
from apps.market.models import BookCapture
from apps.market.moments import datetime_from_ns
from apps.market.selectors import CAPTURE_ENGINE, capture_for, capture_verified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.analysis.models import Backtest
    from apps.engines.contracts import Bars, RunRequest

# Who states one of these asks for the book that is modelled from bars.
OF_THE_MODEL = ("book", "spread_bps", "levels", "level_depth")
# What a native run's own latencies add to the way to the market, at the most.
NATIVE_WAY = timedelta(milliseconds=50)


def depth_find(backtest: Backtest, bars: Bars) -> BookCapture | None:
    """Return the newest capture that a backtest can be played on, or None.

    None where no engine of it plays captures, the modelled book was asked for, or no
    capture of the instrument covers all bars and the last order's way.

    Args:
        backtest: What is to be run.
        bars: Its bars.
    """
    series, asked = backtest.series, backtest.execution
    modelled = any(name in asked for name in OF_THE_MODEL)
    if CAPTURE_ENGINE not in backtest.engines or modelled or series is None:
        return None
    execution = execution_of(asked)
    way_ns = execution.feed_latency_ns + 2 * execution.order_latency_ns
    # A moment has microseconds: up to the next whole one.
    way = timedelta(microseconds=-(-way_ns // 1_000))
    if backtest.mode == Mode.NATIVE and not way:
        way = NATIVE_WAY
    return capture_for(
        instrument=series.instrument,
        start=datetime_from_ns(int(bars.time[0])),
        end=datetime_from_ns(int(bars.time[-1]) + bars.timeframe_ns) + way,
    )


def depth_again(backtest: Backtest, bars: Bars) -> BookCapture | None:
    """Return what a second run of a backtest is played on.

    The capture of the first run, whatever has been imported since, or none where it had
    none; where its capture is gone, what a first run would take now.

    Args:
        backtest: What was run, with its provenance.
        bars: Its bars.
    """
    sha256 = backtest.provenance["inputs"].get("capture")
    if sha256 is None or backtest.series is None:
        return None
    same = BookCapture.objects.filter(
        instrument=backtest.series.instrument, sha256=sha256
    ).first()
    return same or depth_find(backtest, bars)


def depth_use(request: RunRequest, capture: BookCapture) -> RunRequest:
    """Return a request that is played on a capture.

    Raises:
        CaptureFileMissing, CaptureFileDamaged: Its file is not as it was imported.
    """
    path = str(capture_verified(capture=capture))
    return replace(request, execution=replace(request.execution, capture=path))


def depth_note(capture: BookCapture) -> str:
    """Return which capture a run was played on, for its reader."""
    return f"It is the capture {capture.pk} ({capture.label}), sha256 {capture.sha256}."


def depth_provenance(capture: BookCapture | None) -> Mapping[str, Any] | None:
    """Return which capture took part, as plain values."""
    if capture is None:
        return None
    return {"id": str(capture.pk), "label": capture.label, "sha256": capture.sha256}

"""Captured order books for tests of what is played on them, and a warm engine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.conf import settings

from apps.engines.registry import engine_get, unavailable_reason
from apps.market.models import BookCapture
from apps.market.moments import datetime_from_ns
from apps.market.requests import CaptureImportRequest
from apps.market.selectors import CAPTURE_ENGINE
from apps.market.services import CaptureSource, capture_import

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.engines.contracts import Bars
    from apps.engines.runner.pool import EnginePool
    from apps.engines.tests.captures import Row
    from apps.market.models import Instrument
    from apps.users.models import User

MISSING = unavailable_reason(engine_get(CAPTURE_ENGINE))
needs_books = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def capture_take(
    user: User,
    pool: EnginePool,
    rows: Iterable[Row],
    *,
    venue: str = "binance",
    symbol: str = "MADE/UP:UP",
    label: str = "book.npz",
) -> BookCapture:
    """Import rows as anyone would who has them in hftbacktest's own form."""
    # Not above: they need the engine's library, which may not be here.
    from apps.engines.tests.captures import rows_of, written  # noqa: PLC0415

    folder = Path(settings.DATA_DIR).parent
    path = Path(written(folder, rows_of(rows), label))
    return capture_import(
        actor=user,
        sources=[CaptureSource(path, label)],
        request=CaptureImportRequest(venue, symbol),
        locate=lambda: pool.ensure(CAPTURE_ENGINE),
    )


def capture_row(
    instrument: Instrument, *, first: Any, last: Any, **changes: Any
) -> BookCapture:
    """Store a row of a capture whose file is not there."""
    fields: dict[str, Any] = {
        "owner": instrument.owner,
        "instrument": instrument,
        "label": "book.npz",
        "layout": "hftbacktest",
        "first": first,
        "last": last,
        "rows": 10,
        "depth_rows": 10,
        "trade_rows": 0,
        "moments": 5,
        "crossed": 0,
        "clock_shift_ns": 0,
        "price_decimals": 2,
        "sha256": uuid4().hex * 2,
        "path": f"captures/{uuid4()}/book.npz",
        "size": 640,
    }
    return BookCapture.objects.create(**fields | changes)


def around(bars: Bars, *, below: float, above: float) -> list[Row]:
    """Return a book that a second before each bar is set around the bar's open.

    After the last bar it stands around its close, and once more an hour later.

    Args:
        bars: The bars.
        below: How far the bid is below the open, quote per base.
        above: How far the ask is above it.
    """
    from apps.engines.tests.captures import BEGIN, MS, book  # noqa: PLC0415

    second, hour = 1_000.0, 3_600_000.0
    ends = int(bars.time[-1]) + bars.timeframe_ns
    moments = [*bars.time.tolist(), ends, ends]
    prices = [*bars.open.tolist(), bars.close[-1], bars.close[-1]]
    rows: list[Row] = []
    for number, (time, price) in enumerate(zip(moments, prices, strict=True)):
        late = hour if number == len(prices) - 1 else -second
        at = (time - BEGIN) / MS + late
        rows += book(at, round(price - below, 2), round(price + above, 2), 50.0)
    return rows


def span(bars: Bars) -> dict[str, Any]:
    """Return from the first open to the last close, as a capture's row has it."""
    return {
        "first": datetime_from_ns(int(bars.time[0])),
        "last": datetime_from_ns(int(bars.time[-1]) + bars.timeframe_ns),
    }


MILLISECOND = timedelta(milliseconds=1)

"""The loopback exchange as a venue, its truth as stored bars are, and a backfill of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from apps.market.batches import CandleBatch
from apps.market.enums import Timeframe
from apps.market.filling.asking import Patience
from apps.market.filling.request import BackfillRequest
from apps.market.moments import ns_from_datetime
from apps.market.selectors.series import series_local
from apps.market.services.backfill import candles_backfill
from apps.market.services.backfill_run import BackfillWork
from apps.market.store.reading import candles_read

if TYPE_CHECKING:
    from apps.market.models import CandleSeries
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 3, 1, tzinfo=UTC)
COLUMNS = ("open", "high", "low", "close", "volume")
QUICK = Patience(tries=8, first_seconds=0.01, longest_seconds=0.05)
REQUEST = BackfillRequest("binance", ("BTC/USDT",), (Timeframe.H1,), START, END)


def fetch(
    actor: User,
    *,
    now: datetime | None = None,
    work: BackfillWork | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Fetch two months of BTC/USDT by the hour, or what is said otherwise."""
    return candles_backfill(
        actor=actor,
        request=replace(REQUEST, **changes),
        now=now or timezone.now(),
        work=work or BackfillWork(patience=QUICK),
    )


def truth(
    served: Served,
    symbol: str = "BTC/USDT",
    timeframe: str = "1h",
    start: datetime = START,
    end: datetime = END,
) -> CandleBatch:
    """Return what the exchange has, each number the float nearest to its decimal."""
    exchange = served.exchange
    assert exchange is not None
    market = exchange.markets[symbol.replace("/", "")]
    bars = exchange.history(market).bars(
        timeframe, ns_from_datetime(start) // 10**6, ns_from_datetime(end) // 10**6
    )
    # A quotient of two exact floats is the float nearest to the decimal.
    values = np.stack([getattr(bars, name) / 1e8 for name in COLUMNS])
    return CandleBatch(bars.time * 10**6, values)


def stored(series: CandleSeries) -> CandleBatch:
    """Return what is stored of a series."""
    arrays = candles_read(series_local(series))
    return CandleBatch(arrays["time"], np.stack([arrays[name] for name in COLUMNS]))

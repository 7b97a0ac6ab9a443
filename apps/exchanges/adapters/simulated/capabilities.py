"""What the synthetic venue can do; read without numpy."""

from __future__ import annotations

from apps.exchanges.adapters.simulated.config import DAY_NS, MINUTE_NS
from apps.exchanges.ports import Capabilities

TIMEFRAMES = {
    "1m": MINUTE_NS,
    "3m": 3 * MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": 60 * MINUTE_NS,
    "2h": 120 * MINUTE_NS,
    "4h": 240 * MINUTE_NS,
    "6h": 360 * MINUTE_NS,
    "8h": 480 * MINUTE_NS,
    "12h": 720 * MINUTE_NS,
    "1d": DAY_NS,
}
CANDLES_PER_PAGE = 1000

CAPABILITIES = Capabilities(
    timeframes=tuple(TIMEFRAMES),
    candles=True,
    trades=False,
    order_book=False,
    ticker=True,
    stream_tickers=False,
    stream_order_book=False,
    stream_trades=False,
    candles_per_page=CANDLES_PER_PAGE,
)

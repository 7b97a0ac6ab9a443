"""Market making through the service's path against bare hftbacktest: events per second.

    python -m tests.benchmarks.bench_events

Both play the same quotes on the same file, from the file on, warm, on one core; orders
and fills are compared before anything is timed. The service's path is a request to the
engine's process and its verified answer: a process is forked, the file is mapped and each
of its rows checked, the quotes are played, every fill is measured, and all of it is sent
back. What of that is the same for any capture is spread over `EVENTS` rows, nine hours of
one market; bare hftbacktest reads the file and keeps two counts.
"""

from __future__ import annotations

import statistics
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
)
from hftbacktest.types import event_dtype

from tests.benchmarks.bare_hftbacktest import bare_run
from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import ROOT, environment
from tests.benchmarks.timing import medians, one_core

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from apps.engines.market_making import MarketMakingRequest, MarketMakingResult
    from apps.engines.runner.pool import EnginePool

EVENTS = 8_000_000
ROUNDS = 7
AT_LEAST = 0.9
MILLION = 1e6
ENGINE = "hftbacktest"

MILLISECOND_NS = 1_000_000
BEGIN_NS = 1_700_000_000_000 * MILLISECOND_NS
STEP_NS = 4 * MILLISECOND_NS  # between two rows, a few hundred a second
LATENCY_NS = 5 * MILLISECOND_NS
TICK, MIDDLE = 0.1, 600_000  # a price around 60,000
BID, ASK = DEPTH_EVENT | BUY_EVENT, DEPTH_EVENT | SELL_EVENT
BOUGHT, SOLD = TRADE_EVENT | BUY_EVENT, TRADE_EVENT | SELL_EVENT
BOOK_LEVELS = 2_000
NEAR_LEVELS = 20


def events_make(count: int) -> NDArray[Any]:
    """Return a made-up book's rows: changes near the best prices, trades, and moves.

    The best ask is always one tick above the best bid. When both move up, the ask is
    taken away and a bid stands in its place, in two rows, and the reverse.
    """
    random = np.random.default_rng(1)
    what = random.random(count)
    moved = np.where(what < 0.05, random.choice((-1, 1), count), 0)
    moved[1::2] = 0  # a move needs the row after it
    bid = MIDDLE + np.cumsum(moved)
    second = np.roll(moved, 1)
    second[0] = 0
    buys = random.random(count) < 0.5
    away = random.integers(0, NEAR_LEVELS, count)
    tick = np.where(buys, bid - away, bid + 1 + away)
    quantity = np.round(0.001 + random.exponential(2.0, count), 3)
    ev = np.where(buys, BID, ASK)
    # Who buys takes the best ask.
    trades = (what > 0.85) & (moved == 0) & (second == 0)
    ev = np.where(trades, np.where(buys, BOUGHT, SOLD), ev)
    tick = np.where(trades, np.where(buys, bid + 1, bid), tick)
    # A move: what stood in the way is gone, and then the other side takes its place.
    ev = np.where(moved > 0, ASK, np.where(moved < 0, BID, ev))
    tick = np.where(moved > 0, bid, np.where(moved < 0, bid + 1, tick))
    quantity = np.where(moved != 0, 0.0, quantity)
    ev = np.where(second > 0, BID, np.where(second < 0, ASK, ev))
    tick = np.where(second > 0, bid, np.where(second < 0, bid + 1, tick))
    ladder = np.arange(BOOK_LEVELS)
    start = np.concatenate((MIDDLE - ladder, MIDDLE + 1 + ladder))
    sides = np.repeat((BID, ASK), BOOK_LEVELS)
    rows = np.zeros(len(start) + count, dtype=event_dtype)
    rows["ev"] = np.concatenate((sides, ev)) | EXCH_EVENT | LOCAL_EVENT
    rows["px"] = np.round(np.concatenate((start, tick)) * TICK, 1)
    rows["qty"] = np.concatenate((np.full(len(start), 5.0), quantity))
    rows["exch_ts"] = BEGIN_NS + STEP_NS * np.maximum(
        np.arange(len(rows)) - len(start), 0
    )
    rows["local_ts"] = rows["exch_ts"] + LATENCY_NS
    return rows


def request_make(capture: str) -> MarketMakingRequest:
    """Return quotes of three levels a side, renewed every 100 ms."""
    from apps.engines.contracts import MarketRules  # noqa: PLC0415
    from apps.engines.market_making import MarketMakingRequest, Quoting  # noqa: PLC0415

    return MarketMakingRequest(
        capture=capture,
        market=MarketRules(Decimal("0.1"), Decimal("0.001"), Decimal(0), Decimal(5)),
        quoting=Quoting(
            half_spread_bps=0.02,
            skew_bps=0.05,
            order_quantity=0.002,
            grid_levels=3,
            grid_step_bps=0.02,
            max_position=0.05,
            interval_ns=100 * MILLISECOND_NS,
        ),
        maker_fee=0.0002,
        taker_fee=0.0005,
    )


class Service:
    """The service's path to the engine.

    Args:
        pool: Where the engine's process is.
    """

    def __init__(self, pool: EnginePool) -> None:
        self._pool = pool
        self.engine_seconds: list[float] = []

    def call(self, request: Any) -> Any:
        """Have the engine do one thing, as a job has it done."""
        from django.conf import settings  # noqa: PLC0415

        from apps.engines.runner.client import engine_call  # noqa: PLC0415

        return engine_call(
            locate=lambda: self._pool.ensure(ENGINE),
            request=request,
            wall_seconds=settings.ENGINE_WALL_SECONDS,
            memory_bytes=settings.ENGINE_MEMORY_BYTES,
        )

    def make(self, request: MarketMakingRequest) -> MarketMakingResult:
        """Play quotes, and verify what comes back."""
        from apps.analysis.making_results import making_verify  # noqa: PLC0415

        result: MarketMakingResult = self.call(request)
        making_verify(result)
        self.engine_seconds.append(result.engine_seconds)
        return result


def capture_make(folder: Path, service: Service) -> str:
    """Write the made-up rows, and have them imported; returns the capture's path."""
    from apps.engines.captures import CaptureRequest  # noqa: PLC0415

    source, target = folder / "rows.npz", folder / "capture.npz"
    np.savez(source, data=events_make(EVENTS))
    service.call(CaptureRequest((str(source),), str(target)))
    source.unlink()
    return str(target)


def measure() -> list[Figure]:
    """Compare what both did, then time both."""
    one_core()
    with environment() as folder:
        import django  # noqa: PLC0415

        django.setup()
        from django.conf import settings  # noqa: PLC0415

        from apps.engines.runner.pool import EnginePool  # noqa: PLC0415

        with EnginePool(
            idle_seconds=300,
            environment=settings.ENGINE_PROCESS_ENVIRONMENT,
            root=ROOT,
        ) as pool:
            service = Service(pool)
            request = request_make(capture_make(folder, service))
            result = service.make(request)
            bare = bare_run(request)
            if bare != (result.quotes, len(result.fills)) or not len(result.fills):
                msg = f"bare: {bare} orders and fills, here: {result.quotes, len(result.fills)}"
                raise SystemExit(msg)
            taken = medians(
                {
                    "service": partial(service.make, request),
                    "bare": partial(bare_run, request),
                },
                rounds=ROUNDS,
                warm=0,
            )
    ratio = taken["bare"] / taken["service"]
    rates = {name: result.events / seconds for name, seconds in taken.items()}
    return [
        Figure(
            f"{result.events:,} rows, {result.quotes:,} orders, {len(result.fills):,} fills",
            f"{rates['service'] / MILLION:.2f} M rows/s",
            f"bare hftbacktest {rates['bare'] / MILLION:.2f} M rows/s",
            f"{ratio:.2f}",
            f"{AT_LEAST:g}",
            ratio >= AT_LEAST,
        ),
        Figure(
            "  of it the engine's own call",
            f"{statistics.median(service.engine_seconds):.2f} s of {taken['service']:.2f} s",
        ),
    ]


if __name__ == "__main__":
    report("events, one core", measure)

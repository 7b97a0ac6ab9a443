"""Backfill of 30 markets against a bare ccxt loop that only fetches; and under faults.

    python -m tests.benchmarks.bench_backfill
    python -m tests.benchmarks.bench_backfill --faults 10000

The exchange is the loopback one, in a program of its own and without rate limits. The
bare loop asks for the same pages with the same client and keeps nothing. Both take turns.
Memory is that of this process, by the second, from the end of a first small backfill.

With `--faults` the same client fetches under faults of every kind until so many have
struck, and what is stored is compared with the truth, bar for bar and number for number.
"""

from __future__ import annotations

import argparse
import re
import statistics
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil

from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import environment

if TYPE_CHECKING:
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

MIB = 1024**2
MARKETS, BARS, PAGE = 30, 17_520, 1000
HOUR_MS = 3_600_000
END = datetime(2025, 6, 1, tzinfo=UTC)
START = END - timedelta(hours=BARS)
ROUNDS = 3
LEAST_RATIO = 0.7
MOST_GROWTH_MIB = 64.0
# So far off may the time left be, once a fifth of the work is done.
MOST_WRONG = 0.5
_LEFT = re.compile(r"([\d,]+) s left")


def bare(served: Served, symbols: list[str]) -> int:
    """Fetch all candles as the shortest loop does; return how many came."""
    from tests.exchange_server.ccxt_urls import ccxt_sync  # noqa: PLC0415

    came = 0
    since_ms, end_ms = int(START.timestamp() * 1000), int(END.timestamp() * 1000)
    with ccxt_sync(served) as client:
        client.load_markets()
        for symbol in symbols:
            since = since_ms
            while since < end_ms:
                rows = client.fetch_ohlcv(symbol, "1h", since, PAGE)
                if not rows:
                    break
                came += sum(row[0] < end_ms for row in rows)
                since = rows[-1][0] + HOUR_MS
    return came


def backfill(
    actor: User, symbols: list[str], timeframe: str = "1h", **more: Any
) -> dict[str, Any]:
    """Fetch and store all candles; return the result."""
    from django.utils import timezone  # noqa: PLC0415

    from apps.market.enums import Timeframe  # noqa: PLC0415
    from apps.market.filling.request import BackfillRequest  # noqa: PLC0415
    from apps.market.services.backfill import candles_backfill  # noqa: PLC0415

    work = more.pop("work", None)
    length = (Timeframe(timeframe),)
    asked = {"start": START, "end": END} | more
    request = BackfillRequest("binance", tuple(symbols), length, **asked)
    return candles_backfill(actor=actor, request=request, now=timezone.now(), work=work)


def forget() -> None:
    """Delete all series."""
    from apps.market.models import CandleSeries  # noqa: PLC0415
    from apps.market.services import series_delete  # noqa: PLC0415

    for series in CandleSeries.objects.select_related("owner"):
        series_delete(actor=series.owner, series_id=series.pk)


class Memory:
    """Watches this process's memory while the block runs."""

    def __enter__(self) -> Memory:
        """Begin."""
        self._process = psutil.Process()
        self.first = self.peak = self._process.memory_info().rss
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.peak = max(self.peak, self._process.memory_info().rss)


class Estimates:
    """Keeps what was said of the time left, and when."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.told: list[tuple[float, float, float]] = []

    def __call__(self, share: float, words: str) -> None:
        """Take in what is told."""
        if found := _LEFT.search(words):
            left = float(found[1].replace(",", ""))
            self.told.append((time.monotonic() - self.begun, share, left))

    def wrong(self) -> float | None:
        """Return by what share of the whole time the estimates were off, at the median."""
        whole = time.monotonic() - self.begun
        late = [
            abs(at + left - whole) / whole
            for at, share, left in self.told
            if share > 0.2
        ]
        return statistics.median(late) if late else None


def speed(served: Served, actor: User, symbols: list[str]) -> list[Figure]:
    """Compare with the bare loop."""
    from apps.market.services.backfill_run import BackfillWork  # noqa: PLC0415

    backfill(actor, symbols[:2])
    bare(served, symbols)  # the exchange renders its pages once
    bare_seconds, our_seconds, growth, wrong = [], [], [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        came = bare(served, symbols)
        bare_seconds.append(time.perf_counter() - begun)
        forget()
        estimates = Estimates()
        with Memory() as memory:
            begun = time.perf_counter()
            result = backfill(actor, symbols, work=BackfillWork(progress=estimates))
            our_seconds.append(time.perf_counter() - begun)
        growth.append((memory.peak - memory.first) / MIB)
        wrong.append(estimates.wrong())
        assert (came, result["added"]) == (MARKETS * BARS,) * 2, (came, result)
    bars = MARKETS * BARS
    ours, bares = (
        bars / statistics.median(our_seconds),
        bars / statistics.median(bare_seconds),
    )
    said = [one for one in wrong if one is not None]
    return [
        Figure(
            f"{MARKETS} markets x {BARS:,} bars, fetched, checked and stored",
            f"{ours:,.0f} bars/s",
            f"bare ccxt loop: {bares:,.0f} bars/s",
            f"{ours / bares:.2f}",
            f">= {LEAST_RATIO}",
            ours / bares >= LEAST_RATIO,
        ),
        Figure(
            "  growth of memory meanwhile",
            f"{max(growth):.0f} MiB",
            target=f"<= {MOST_GROWTH_MIB:g} MiB",
            met=max(growth) <= MOST_GROWTH_MIB,
        ),
        Figure(
            "  time left as told, off by",
            f"{max(said):.0%} of the whole" if said else "not told",
            target=f"<= {MOST_WRONG:.0%}",
            met=bool(said) and max(said) <= MOST_WRONG,
        ),
    ]


def again(actor: User, symbols: list[str]) -> list[Figure]:
    """Measure a run that has nothing to do."""
    begun = time.perf_counter()
    result = backfill(actor, symbols)
    return [
        Figure(
            "  the same again: nothing is missing",
            f"{time.perf_counter() - begun:.2f} s, {result['calls']} calls",
        )
    ]


def drill(served: Served, actor: User, symbols: list[str], faults: int) -> list[Figure]:
    """Fetch under faults until so many have struck; compare with the truth."""
    from unittest.mock import patch  # noqa: PLC0415

    from apps.market.models import CandleGap, CandleSeries  # noqa: PLC0415
    from apps.market.services.backfill_run import BackfillWork  # noqa: PLC0415
    from apps.market.tests.faults import (  # noqa: PLC0415
        PATIENCE,
        client_quick,
        faults_add,
    )

    port = client_quick(served.url)
    port.markets()
    faults_add(served, loud=0.04, silent=0.02)
    struck, denied, failed, begun = 0, 0, 0, time.perf_counter()
    lengths = iter(("15m", "5m", "30m", "1h", "3m", "1m"))
    done: list[str] = []
    place = "apps.market.services.backfill.market_data"
    with patch(place, {"binance": port}.get):
        while struck < faults:
            done.append(next(lengths))
            work = BackfillWork(patience=PATIENCE)
            result = backfill(actor, symbols, done[-1], work=work)
            failed += result["failed"]
            gaps = list(CandleGap.objects.values_list("bars", flat=True))
            denied += sum(gaps)
            if gaps:
                backfill(actor, symbols, done[-1], work=work, recheck_gaps=True)
            struck = sum(served.faults_struck().values())
    port.close()
    seconds = time.perf_counter() - begun
    wrong = sum(not _true(series) for series in CandleSeries.objects.all())
    bars = sum(CandleSeries.objects.values_list("rows", flat=True))
    left = CandleGap.objects.count()
    good = not (wrong or left or failed)
    return [
        Figure(
            f"{struck:,} faults over {bars:,} bars of {len(symbols)} markets: "
            "series that differ from the truth",
            f"{wrong} of {CandleSeries.objects.count()}",
            target="0",
            met=good,
        ),
        Figure("  markets that failed, gaps left", f"{failed}, {left}"),
        Figure(
            "  bars denied twice in a row, then had by asking once more", f"{denied}"
        ),
        Figure("  kinds of fault that struck", f"{len(served.faults_struck())}"),
        Figure("  time", f"{seconds:.0f} s"),
    ]


def _true(series: Any) -> bool:
    """Whether a series is what an exchange of the same seed has."""
    import numpy as np  # noqa: PLC0415

    from apps.market.tests.exchange import same  # noqa: PLC0415
    from apps.market.tests.venue import stored, truth  # noqa: PLC0415
    from tests.exchange_server.exchange import (  # noqa: PLC0415
        Exchange,
        ExchangeOptions,
    )

    global _twin  # noqa: PLW0603 - made once, for all series
    _twin = _twin or _Twin(Exchange(ExchangeOptions(symbols=MARKETS)))
    found = truth(_twin, series.instrument.symbol, series.timeframe, START, END)
    assert isinstance(found.time, np.ndarray)
    return same(stored(series), found)


class _Twin:
    """An exchange in this process that has the same past."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange


_twin: Any = None


def measure() -> list[Figure]:
    """Measure speed and memory, or the drill."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=0)
    options, _ = parser.parse_known_args()
    with environment(log_level="ERROR"):
        import django  # noqa: PLC0415

        django.setup()
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415

        from apps.exchanges.registry import exchanges_close  # noqa: PLC0415
        from apps.market.exchanges import market_data  # noqa: PLC0415
        from apps.users.models import User  # noqa: PLC0415
        from tests.exchange_server.fixtures import serve_process  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        actor = User.objects.create(username="bench")
        with serve_process("--symbols", str(MARKETS)) as served:
            settings.EXCHANGE_ENDPOINTS = {"binance": served.url}
            settings.EXCHANGE_RATE_LIMITS = False
            markets = market_data("binance").markets()
            symbols = [one.symbol for one in markets if one.active][:MARKETS]
            if options.faults:
                figures = drill(served, actor, symbols, options.faults)
            else:
                figures = speed(served, actor, symbols) + again(actor, symbols)
            exchanges_close()
        return figures


if __name__ == "__main__":
    report("backfill", measure)

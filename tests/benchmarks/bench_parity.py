"""A parity run of every engine through the running service, warm, and at full length.

    python -m tests.benchmarks.bench_parity

The first figure is what somebody waits for after the first run of the day; the second
has a year of 1-minute bars, and the memory of all processes of the service while it
runs: PSS, which shares fairly among them what several have in common.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil

from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import environment, service

if TYPE_CHECKING:
    from tests.benchmarks.service import Client

GIB = 1024**3
RUNS = 4
WARM_SECONDS, LONG_SECONDS, LONG_GIB = 12.0, 240.0, 3.0
# freqtrade's program for the next run is made ready behind the last one.
READY_SECONDS = 15.0
YEAR = {"start": "2023-01-01T00:00:00Z", "end": "2024-01-01T00:00:00Z"}
CANDLES = {
    "8,760 bars": {"symbol": "BTC/USDT", "timeframe": "1h", **YEAR},
    "525,600 bars": {"symbol": "BTC/USDT", "timeframe": "1m", **YEAR},
}


class MemoryWatch:
    """Watches the memory of a process and of all that it started.

    Args:
        root: The first process's id.
    """

    def __init__(self, root: int) -> None:
        self._root = psutil.Process(root)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.most = 0

    def __enter__(self) -> MemoryWatch:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            total = 0
            for process in self._root.children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue  # it has ended meanwhile
            self.most = max(self.most, total)


def parity_time(client: Client, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Run one comparison and wait for it as a client does."""
    sent = time.perf_counter()
    made = client.post("/api/v1/parity/", body)
    client.follow(made["_links"]["job"])
    parity: dict[str, Any] = client.get(made["_links"]["self"]).json()
    return time.perf_counter() - sent, parity


def measure() -> list[Figure]:
    """Start a service, and ask it for comparisons."""
    with environment(), service() as (client, root):
        hours, minutes = (_body(client, candles) for candles in CANDLES.values())
        cold, _ = parity_time(client, hours)
        taken = []
        for _ in range(RUNS):
            client.idle()
            time.sleep(READY_SECONDS)
            seconds, parity = parity_time(client, hours)
            taken.append(seconds)
        warm = statistics.median(taken)
        figures = [
            Figure("parity, 8,760 bars, first run of a worker", f"{cold:.1f} s"),
            Figure(
                f"parity, 8,760 bars, warm, median of {RUNS}",
                f"{warm:.1f} s",
                _engines(client, parity),
                target=f"{WARM_SECONDS:g} s",
                met=warm <= WARM_SECONDS,
            ),
        ]
        client.idle()
        time.sleep(READY_SECONDS)
        with MemoryWatch(root) as watch:
            long, parity = parity_time(client, minutes)
        memory = watch.most / GIB
        return [
            *figures,
            Figure(
                "parity, 525,600 bars",
                f"{long:.0f} s",
                _engines(client, parity),
                target=f"{LONG_SECONDS:g} s",
                met=long <= LONG_SECONDS,
            ),
            Figure(
                "  all processes of the service at the most",
                f"{memory:.2f} GiB PSS",
                target=f"{LONG_GIB:g} GiB",
                met=memory <= LONG_GIB,
            ),
        ]


def _body(client: Client, candles: dict[str, str]) -> dict[str, Any]:
    job = client.post("/api/v1/candle-series/simulate/", candles)
    series = client.follow(job["_links"]["self"])["result"]["series_id"]
    templates = client.get("/api/v1/strategies/templates/").json()
    definition = next(
        one["definition"] for one in templates if one["key"] == "sma_cross"
    )
    own = definition | {
        "name": f"cross {candles['timeframe']}",
        "timeframe": candles["timeframe"],
    }
    strategy = client.post("/api/v1/strategies/", {"definition": own})
    return {"series": series, "strategy": strategy["id"]}


def _engines(client: Client, parity: dict[str, Any]) -> str:
    runs = client.get(parity["_links"]["backtest"]).json()["runs"]
    times = ", ".join(f"{run['engine']} {run['total_seconds']:.1f} s" for run in runs)
    return f"{parity['verdict']}; {times}"


if __name__ == "__main__":
    report("parity", measure)

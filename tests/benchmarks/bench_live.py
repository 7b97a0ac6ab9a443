"""Prices all the way: from an exchange through the feed and the streams to clients.

    python -m tests.benchmarks.bench_live --seconds 60 --redis redis://127.0.0.1:6379/15

The exchange is the loopback one, in a process of its own, and stamps each ticker with the
millisecond of its sending; an age is measured from there to the client that reads it. So
on a machine with two cores the exchange and the clients take their part of them as well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil

from tests.benchmarks.bench_streams import MEGABYTE, program, server_run, told
from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

SYMBOLS, UPDATES, LISTENERS = 100, 5_000, 50
P99_MOST_MS = 250
WARM_SECONDS = 20.0
# Beside what is needed to warm up: a leak of one ticker in a hundred would pass it.
FLAT_MB = 20


@contextmanager
def exchange(symbols: int, rate: float) -> Iterator[tuple[dict[str, str], int]]:
    """Run a loopback exchange; yields its addresses and its process's id."""
    command = [sys.executable, "-m", "tests.exchange_server", "--port", "0"]
    command += ["--symbols", str(symbols), "--ticker-rate", str(rate)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE
    ) as running:
        try:
            assert running.stdout
            yield json.loads(running.stdout.readline()), running.pid
        finally:
            running.terminate()


@contextmanager
def feed() -> Iterator[int]:
    """Run the feed; yields its process's id."""
    command = [sys.executable, "manage.py", "run_streams", "--exchange", "binance"]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdout=subprocess.DEVNULL
    ) as running:
        try:
            yield running.pid
        finally:
            running.terminate()
            running.wait(20)


def chain_measure(
    token: str, seconds: float, symbols: list[str], exchange_id: int
) -> list[Figure]:
    """Let prices run for a while, and see how old they are when they come."""
    with (
        server_run() as server,
        feed() as feed_id,
        program(
            "stream_clients",
            "prices",
            address=server.address,
            token=token,
            clients=LISTENERS,
            channel="tickers:binance",
            symbols=",".join(symbols),
            stamp="venue_time",
            warm=WARM_SECONDS,
        ) as readers,
    ):
        parts = {
            "server": server.worker,
            "feed": psutil.Process(feed_id),
            "exchange": psutil.Process(exchange_id),
            "clients": psutil.Process(readers.pid),
        }
        time.sleep(WARM_SECONDS)
        for part in parts.values():
            part.cpu_percent()
        watched = ("server", "feed")
        before = {name: _memory(parts[name]) for name in watched}
        time.sleep(seconds)
        after = {name: _memory(parts[name]) for name in watched}
        busy = {name: part.cpu_percent() for name, part in parts.items()}
        found = json.loads(told(readers))
    return [*_ages(found, seconds), _busy(busy), *_flat(before, after, seconds)]


def _memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MEGABYTE


def _ages(found: dict[str, Any], seconds: float) -> list[Figure]:
    return [
        Figure(
            f"{UPDATES:,} updates/s of {SYMBOLS} markets, exchange to {LISTENERS} "
            "clients: age, p99",
            f"{found['p99']} ms",
            f"p50 {found['p50']} ms, max {found['max']} ms",
            "",
            f"{P99_MOST_MS} ms",
            found["values"] > 0 and found["p99"] < P99_MOST_MS,
        ),
        Figure(
            "  messages that came",
            f"{found['frames']:,}",
            f"{found['bytes'] / seconds / MEGABYTE:.1f} MB/s",
        ),
    ]


def _busy(busy: dict[str, float]) -> Figure:
    told_ = ", ".join(f"{name} {share:.0f} %" for name, share in busy.items())
    return Figure("  of one core", f"{sum(busy.values()):.0f} %", told_)


def _flat(
    before: dict[str, float], after: dict[str, float], seconds: float
) -> list[Figure]:
    return [
        Figure(
            f"  memory of the {name} after {seconds:g} s",
            f"{after[name]:.0f} MB",
            f"{before[name]:.0f} MB before",
            "",
            f"{FLAT_MB} MB more",
            after[name] - before[name] < FLAT_MB,
        )
        for name in before
    ]


def _symbols(addresses: dict[str, str]) -> list[str]:
    """Return the exchange's markets, as ccxt names them."""
    import httpx  # noqa: PLC0415

    told_ = httpx.get(f"{addresses['url']}/api/v3/exchangeInfo").json()
    return [
        f"{one['baseAsset']}/{one['quoteAsset']}"
        for one in told_["symbols"]
        if one["status"] == "TRADING"
    ][:SYMBOLS]


def measure() -> list[Figure]:
    """Measure it, on a database and in a folder of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--database")
    parser.add_argument("--redis", default="")
    options, _ = parser.parse_known_args()
    with environment(log_level="ERROR"), exchange(SYMBOLS + 5, UPDATES) as (where, pid):
        os.environ["EXCHANGE_ENDPOINTS"] = f"binance={where['url']}"
        os.environ["STREAM_CONNECTIONS_PER_USER"] = "1000"
        if options.database:
            os.environ["DATABASE_URL"] = options.database
        if options.redis:
            os.environ["REDIS_URL"] = options.redis
        import django  # noqa: PLC0415

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        from apps.users.models import User  # noqa: PLC0415
        from apps.users.services import token_issue  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        user = User.objects.create_user(username=f"bench-{time.time_ns()}")
        token = str(token_issue(user=user))
        return chain_measure(token, options.seconds, _symbols(where), pid)


if __name__ == "__main__":
    report("live", measure)

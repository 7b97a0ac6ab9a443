"""How much memory each process of the service holds, and what it has loaded.

    python -m tests.benchmarks.bench_memory

PSS shares what several processes have in common fairly among them, so that sums of it
are what the machine really gives: the limits are held against it. RSS counts all of it
in each, file mappings such as Arrow's included.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import (
    POLL_SECONDS,
    READY_SECONDS,
    environment,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.service import Client

MIB = 1024**2
WORKER_MIB, WEB_MIB = 250, 150
# Libraries that belong into an engine's process, and nowhere else.
HEAVY = ("numba", "llvmlite", "vectorbt", "ccxt")
ENGINES = ("reference", "vectorbt")
ROLES = {
    "parallax: keeper": "keeper",
    "parallax: worker": "worker",
    "config.asgi:application": "web",
    "apps.engines.runner.host": "engine host",
}


def processes(root: int) -> Iterator[tuple[str, psutil.Process]]:
    """Yield the service's processes with their parts in it."""
    for process in psutil.Process(root).children(recursive=True):
        line = " ".join(process.cmdline())
        for mark, role in ROLES.items():
            if mark in line:
                yield f"{role} {_name(process, role)}".strip(), process


def _name(process: psutil.Process, role: str) -> str:
    if role == "engine host":
        return process.cmdline()[3]
    if role == "web":
        return "process" if process.children() == [] else "master"
    return ""


def worker_await(root: int) -> None:
    """Wait until the worker is there, which starts beside the web server."""
    until = time.monotonic() + READY_SECONDS
    while "worker" not in dict(processes(root)):
        if time.monotonic() > until:
            msg = f"there was no worker within {READY_SECONDS:g} s"
            raise SystemExit(msg)
        time.sleep(POLL_SECONDS)


def figures(root: int, when: str, limits: dict[str, int]) -> list[Figure]:
    """Return a figure for each process whose part has a limit, or none is given."""
    found = []
    for role, process in sorted(processes(root), key=lambda pair: pair[0]):
        if role not in limits:
            continue
        memory = process.memory_full_info()
        heavy = heavy_mapped(process)
        limit = limits[role]
        if limit:
            loaded = f"heavy libraries mapped: {', '.join(heavy) or 'none'}"
        else:
            loaded = ""
        found.append(
            Figure(
                f"{role}, {when}",
                f"{memory.rss / MIB:,.0f} MiB RSS, {memory.pss / MIB:,.0f} PSS",
                loaded,
                target=f"{limit} MiB PSS" if limit else "",
                met=memory.pss < limit * MIB and not heavy if limit else None,
            )
        )
    return found


def heavy_mapped(process: psutil.Process) -> list[str]:
    """Return which of the heavy libraries a process has mapped."""
    paths = [part.path for part in process.memory_maps()]
    return [name for name in HEAVY if any(f"/{name}" in path for path in paths)]


def web_use(client: Client, series: str, backtest: dict[str, str]) -> None:
    """Ask for one of everything that a web process answers."""
    for path in (
        "/api/docs/",
        "/api/schema/",
        "/api/v1/backtests/",
        "/api/v1/jobs/",
        "/api/v1/candle-series/",
        "/api/v1/strategies/",
        "/api/v1/engines/",
        "/metrics",
        backtest["self"],
        f"{backtest['trades']}?engine=reference",
        f"{backtest['equity']}?engine=reference",
        f"{series}candles/?limit=1000",
        backtest["chart"],
    ):
        client.get(path)


def measure() -> list[Figure]:
    """Start a service, and look at its processes at rest and after work."""
    everyone = {"keeper": 0, "worker": WORKER_MIB, "web master": 0}
    web = {"web process": WEB_MIB}
    with environment(), service() as (client, root):
        worker_await(root)
        found = figures(root, "at rest", everyone | web)
        body = {
            "series": client.series_make(),
            "strategy": client.strategy_make(),
            "engines": list(ENGINES),
            "capital": "10000",
        }
        made = client.post("/api/v1/backtests/", body)
        client.follow(made["_links"]["job"])
        client.idle()
        series = f"/api/v1/candle-series/{body['series']}/"
        web_use(client, series, made["_links"])
        hosts = {f"engine host {name}": 0 for name in ENGINES}
        found += figures(root, "after a backtest", {"worker": WORKER_MIB})
        found += figures(root, "after one of each request", web)
        found += figures(root, "warm", hosts)
    return found


if __name__ == "__main__":
    report("memory", measure)

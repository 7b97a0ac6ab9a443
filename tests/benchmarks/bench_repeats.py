"""One engine fifty times in one worker: what is left of it afterwards.

    python -m tests.benchmarks.bench_repeats [--runs 50] [ENGINE …]

Memory is held against what it was after the first run, when all that is loaded once has
been loaded; processes, files and log handlers against what they were before.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import environment, service

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.benchmarks.service import Client

MIB = 1024**2
RUNS = 50
MOST_MIB = 50.0
# freqtrade's program for the next run is made ready behind the last one.
SETTLE_SECONDS = 20.0
CANDLES = {
    "symbol": "BTC/USDT",
    "timeframe": "1h",
    "start": "2023-01-01T00:00:00Z",
    "end": "2023-03-01T00:00:00Z",
}
ENGINES = ("reference", "vectorbt", "nautilus", "freqtrade", "hftbacktest")


def measure(*, engines: Sequence[str], runs: int) -> list[Figure]:
    """Start a service, and run each engine over and over.

    Args:
        engines: By name.
        runs: How often, after one first run.
    """
    with environment() as folder, _own_temporary(folder), service() as (client, root):
        job = client.post("/api/v1/candle-series/simulate/", CANDLES)
        body: dict[str, Any] = {
            "series": client.follow(job["_links"]["self"])["result"]["series_id"],
            "strategy": client.strategy_make(),
        }
        return [
            figure
            for engine in engines
            for figure in _repeat(client, root, body | {"engines": [engine]}, runs)
        ]


@contextmanager
def _own_temporary(folder: Path) -> Iterator[None]:
    """Have the service keep its temporary files where nobody else's are counted."""
    place = folder / "temporary"
    place.mkdir()
    os.environ["TMPDIR"] = str(place)
    yield
    del os.environ["TMPDIR"]


def _repeat(client: Client, root: int, body: dict[str, Any], runs: int) -> list[Figure]:
    (engine,) = body["engines"]
    _run(client, body)
    before = _state(root)
    for _ in range(runs):
        _run(client, body)
    after = _state(root)
    grown = after["memory"] - before["memory"]
    left = {
        name: after[name] - before[name]
        for name in ("processes", "files", "open", "threads")
    }
    return [
        Figure(
            f"{engine}, {runs} runs: workers and host",
            f"{grown:+.1f} MiB PSS",
            f"from {before['memory']:.0f} MiB",
            target=f"{MOST_MIB:g} MiB",
            met=grown <= MOST_MIB,
        ),
        Figure(
            "  more processes, temporary files, open files, threads",
            ", ".join(f"{count:+d}" for count in left.values()),
            target="none",
            met=not any(count > 0 for count in left.values()),
        ),
    ]


def _run(client: Client, body: dict[str, Any]) -> None:
    made = client.post("/api/v1/backtests/", body)
    client.follow(made["_links"]["job"])
    client.idle()


def _state(root: int) -> dict[str, Any]:
    """Return memory (MiB), processes, files, descriptors and threads of the service."""
    time.sleep(SETTLE_SECONDS)
    memory, threads, descriptors = 0.0, 0, 0
    children = psutil.Process(root).children(recursive=True)
    for process in children:
        # One that has just ended counts as a process, and holds nothing else.
        with suppress(psutil.NoSuchProcess):
            line = " ".join(process.cmdline())
            if "parallax: worker" in line or "runner.host" in line:
                memory += process.memory_full_info().pss / MIB
                threads += process.num_threads()
                descriptors += _open(process.pid)
    return {
        "memory": memory,
        "processes": len(children),
        "files": sum(1 for _ in Path(os.environ["TMPDIR"]).rglob("parallax*")),
        "open": descriptors,
        "threads": threads,
    }


def _open(pid: int) -> int:
    """Return how many files a process has open, those of database connections apart.

    Workers open and close connections as they need them, of three files each.
    """
    count = 0
    for one in Path(f"/proc/{pid}/fd").iterdir():
        # It may be closed meanwhile.
        with suppress(FileNotFoundError):
            count += ".sqlite3" not in str(one.readlink())
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=ENGINES)
    parser.add_argument("--runs", type=int, default=RUNS)
    given, _ = parser.parse_known_args()
    report("repeats", partial(measure, engines=given.engines, runs=given.runs))

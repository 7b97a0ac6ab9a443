"""A backtest through the running service, from the POST to the readable result.

    python -m tests.benchmarks.bench_service

vectorbt is also run by a bare script, which reads the same file and knows the strategy:
what a person without Parallax would wait for, once vectorbt is imported and warm.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.service import ROOT, SERIES_BARS, environment, service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.service import Client

RUNS = 10
ENGINES = ("reference", "vectorbt")
AT_MOST_SECONDS = 1.0
FIXED_SECONDS, TIMES = 0.5, 1.15


@dataclass(frozen=True, slots=True)
class Waited:
    """Where the time of one backtest went, seconds.

    Attributes:
        total: From sending the POST to having read the result.
        accepted: Until the POST was answered.
        queued: From then on, until a worker had it.
        worked: Until the worker had written that it is done.
        noticed: Until that was seen and the result was read.
        host: The engine's process, with the way there and back; part of `worked`.
        call: The engine's own call; part of `host`.
    """

    total: float
    accepted: float
    queued: float
    worked: float
    noticed: float
    host: float
    call: float


def backtest_time(client: Client, body: dict[str, Any]) -> Waited:
    """Run one backtest and wait for it as a client does."""
    sent = time.time()
    made = client.post("/api/v1/backtests/", body)
    accepted = time.time()
    job = client.follow(made["_links"]["job"])
    backtest = client.get(made["_links"]["self"]).json()
    read = time.time()
    started, finished = (_seconds(job[name]) for name in ("started_at", "finished_at"))
    (run,) = backtest["runs"]
    return Waited(
        total=read - sent,
        accepted=accepted - sent,
        queued=started - accepted,
        worked=finished - started,
        noticed=read - finished,
        host=run["total_seconds"],
        call=run["engine_seconds"],
    )


def engine_measure(client: Client, body: dict[str, Any]) -> Waited:
    """Return the median of each part over some backtests on a warm engine."""
    taken = []
    for number in range(RUNS + 1):
        # The picture of the last one must not be in the way.
        client.idle()
        waited = backtest_time(client, body)
        taken += [waited] if number else []
    return Waited(
        *(
            statistics.median(getattr(one, name) for one in taken)
            for name in Waited.__slots__
        )
    )


def bare_measure(folder: Path) -> float:
    """Return what the same run takes in a script without the service, seconds."""
    (path,) = (folder / "candles").rglob("*.parquet")
    command = [sys.executable, "-m", "tests.benchmarks.bare_vectorbt", str(path)]
    done = subprocess.run(  # noqa: S603
        [*command, str(RUNS)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return float(json.loads(done.stdout))


def measure() -> list[Figure]:
    """Start a service, and ask it for backtests."""
    with environment() as folder, service() as (client, _):
        body: dict[str, Any] = {
            "series": client.series_make(),
            "strategy": client.strategy_make(),
            "capital": "10000",
        }
        waited = {
            engine: engine_measure(client, body | {"engines": [engine]})
            for engine in ENGINES
        }
        client.idle()
        bare = bare_measure(folder)
    figures = [figure for item in waited.items() for figure in _figures(*item)]
    total = waited["vectorbt"].total
    beyond = max(0.0, total - FIXED_SECONDS)
    return [
        *figures,
        Figure(
            f"vectorbt by the service, beyond {FIXED_SECONDS:g} s",
            milliseconds(beyond),
            f"a bare script {milliseconds(bare)}; "
            f"the service takes {milliseconds(total - bare)} more",
            f"{beyond / bare:.2f}x",
            f"{TIMES:g}x",
            beyond <= TIMES * bare,
        ),
    ]


def _figures(engine: str, waited: Waited) -> list[Figure]:
    parts = {
        "accepted": waited.accepted,
        "queued": waited.queued,
        "engine's call": waited.call,
        "its process": waited.host - waited.call,
        "rest of the job": waited.worked - waited.host,
        "noticed and read": waited.noticed,
    }
    is_reference = engine == "reference"
    return [
        Figure(
            f"{engine}, {SERIES_BARS:,} bars, accepted to readable, p50",
            milliseconds(waited.total),
            f"its own call {milliseconds(waited.call)}",
            target=f"{AT_MOST_SECONDS:g} s" if is_reference else "",
            met=waited.total <= AT_MOST_SECONDS if is_reference else None,
        ),
        *(Figure(f"  {name}", milliseconds(taken)) for name, taken in parts.items()),
    ]


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


if __name__ == "__main__":
    report("service", measure)

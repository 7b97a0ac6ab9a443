"""How the engines are doing, for the metrics."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import (
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
)

from apps.analysis.enums import RunState
from apps.analysis.selectors.engine_runs import engine_runs_summary
from apps.engines.registry import engine_list, engine_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client import Metric

WINDOW = timedelta(hours=1)
SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)


def engines_collect(now: datetime) -> Iterator[Metric]:
    """Yield which engines can be used, and their runs within the last hour."""
    available = GaugeMetricFamily(
        "parallax_engine_available",
        "Whether the engine is installed where this was asked.",
        labels=("engine", "version"),
    )
    for spec in engine_list():
        version = engine_version(spec)
        available.add_metric((spec.name, version or ""), version is not None)
    yield available
    yield from _runs(now)


def _runs(now: datetime) -> Iterator[Metric]:
    # Runs happen in forks of workers on any machine; their rows are what lasts.
    engines = [spec.name for spec in engine_list()]
    numbers = dict.fromkeys(product(engines, RunState.values), 0)
    took = {engine: ([0] * len(SECONDS), 0.0) for engine in engines}
    for row in engine_runs_summary(since=now - WINDOW, bounds=SECONDS):
        numbers[row["engine"], row["state"]] = row["number"]
        if row["state"] == RunState.SUCCEEDED:
            within = [row[f"within_{index}"] for index in range(len(SECONDS))]
            took[row["engine"]] = (within, row["seconds"])

    runs = GaugeMetricFamily(
        "parallax_engine_runs",
        "Engine runs of backtests that ended within the last hour.",
        labels=("engine", "state"),
    )
    for labels, number in numbers.items():
        runs.add_metric(labels, number)
    yield runs
    times = GaugeHistogramMetricFamily(
        "parallax_engine_run_seconds",
        "How long engine runs took that succeeded within the last hour, with start-up.",
        labels=("engine",),
    )
    for engine, (within, seconds) in took.items():
        every = numbers[engine, RunState.SUCCEEDED]
        bounds = [*map(str, SECONDS), "+Inf"]
        times.add_metric(
            (engine,), list(zip(bounds, [*within, every], strict=True)), seconds
        )
    yield times

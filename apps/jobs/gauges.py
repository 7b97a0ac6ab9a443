"""How all jobs stand, for the metrics."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import GaugeMetricFamily

from apps.jobs.enums import JobQueue, JobState
from apps.jobs.registry import kind_list
from apps.jobs.selectors import jobs_ended_summary, jobs_open_summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client import Metric

# Rows are deleted and jobs retried, so a total of all time could fall, which would look
# like a restart; and the table grows while a window does not.
WINDOW = timedelta(hours=1)


def jobs_collect(now: datetime) -> Iterator[Metric]:
    """Yield jobs by state and kind, the age of each queue, and expired leases."""
    # Nought is told too: an alert cannot tell a missing series from a calm one.
    numbers = Counter(dict.fromkeys(product(JobState.values, kind_list()), 0))
    ages = dict.fromkeys(JobQueue.values, 0.0)
    expired = 0
    for row in jobs_open_summary(now=now):
        numbers[row["state"], row["kind"]] += row["number"]
        if row["state"] == JobState.QUEUED:
            age = (now - row["oldest"]).total_seconds()
            ages[row["queue"]] = max(ages[row["queue"]], age)
        else:
            expired += row["expired"]
    for row in jobs_ended_summary(since=now - WINDOW):
        numbers[row["state"], row["kind"]] += row["number"]

    jobs = GaugeMetricFamily(
        "parallax_jobs",
        "Jobs that are queued or running, and those that ended within the last hour.",
        labels=("state", "kind"),
    )
    for labels, number in numbers.items():
        jobs.add_metric(labels, number)
    yield jobs
    queues = GaugeMetricFamily(
        "parallax_jobs_queue_age_seconds",
        "For how long the oldest queued job has been waiting; 0: none waits.",
        labels=("queue",),
    )
    for queue, age in ages.items():
        queues.add_metric((queue,), age)
    yield queues
    yield GaugeMetricFamily(
        "parallax_jobs_leases_expired",
        "Running jobs whose worker fell silent and that nobody has taken over.",
        expired,
    )

"""One scrape: what all web processes have counted, and how the system stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from apps.core.metrics.requests import REQUESTS
from apps.core.metrics.system import System

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SYSTEM = System()


class _Everything(Collector):
    def collect(self) -> Iterable[Metric]:
        """Yield every family."""
        if settings.METRICS_DIR:
            files = MultiProcessCollector(None, settings.METRICS_DIR)  # type: ignore[no-untyped-call]
            yield from files.collect()  # type: ignore[no-untyped-call]
        else:
            yield from REQUESTS.collect()
        yield from SYSTEM.collect()


def metrics_scrape() -> bytes:
    """Return all metrics in Prometheus's text format; takes some seconds at most."""
    return generate_latest(_Everything())

"""What is true of the whole system, asked when somebody wants to know.

The database is the one witness of all processes and machines: what is counted there is
right whichever process is asked, and after a restart.
"""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from prometheus_client.metrics_core import GaugeMetricFamily

from apps.core.health import cache_answers, database_answers
from apps.core.metrics.lanes import Lane, lanes_ask
from apps.core.metrics.registry import collector_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric

    from apps.core.metrics.lanes import Probe

STATEMENT_SECONDS = 1.0


class System:
    """Everything that is asked at a scrape; one in each process."""

    def __init__(self) -> None:
        self._database = Lane("database", _database, _rooms)
        self._cache = Lane("cache", _cache)
        self._files = Lane("data_dir", _data_dir)

    def collect(self) -> Iterator[Metric]:
        """Yield what could be learned in time, and what could not be asked."""
        told = lanes_ask((self._database, self._cache, self._files))
        database, cache, files = told["database"], told["cache"], told["data_dir"]
        yield _up("database", database.pop("database"))
        yield _up("cache", cache.pop("cache"))
        collectors = GaugeMetricFamily(
            "parallax_collector_up",
            "Whether this part of the metrics could be asked; if not, it is missing.",
            labels=("collector",),
        )
        for name, families in (database | files).items():
            collectors.add_metric((name,), families is not None)
            yield from families or ()
        yield collectors
        yield _build()


def _up(name: str, answer: object) -> Metric:
    return GaugeMetricFamily(
        f"parallax_{name}_up", f"Whether the {name} answers.", answer is not None
    )


def _build() -> Metric:
    names = {
        "version": settings.SPECTACULAR_SETTINGS["VERSION"],
        "python": platform.python_version(),
        "django": django.get_version(),
    }
    info = GaugeMetricFamily(
        "parallax_build_info", "What is running; always 1.", labels=tuple(names)
    )
    info.add_metric(tuple(names.values()), 1)
    return info


def _database() -> Iterable[Metric]:
    database_answers()
    return ()


def _cache() -> Iterable[Metric]:
    cache_answers()
    return ()


def _data_dir() -> Iterable[Metric]:
    disk = os.statvfs(settings.DATA_DIR)
    yield GaugeMetricFamily(
        "parallax_data_dir_free_bytes",
        "What may still be written to the disk of DATA_DIR.",
        disk.f_bavail * disk.f_frsize,
    )
    yield GaugeMetricFamily(
        "parallax_data_dir_size_bytes",
        "The size of the disk of DATA_DIR.",
        disk.f_blocks * disk.f_frsize,
    )


def _rooms() -> dict[str, Probe]:
    return {name: partial(_room, path) for name, path in collector_list().items()}


def _room(path: str) -> Iterable[Metric]:
    collect = import_string(path)
    with _bounded():
        return tuple(collect(timezone.now()))


@contextmanager
def _bounded() -> Iterator[None]:
    """Have the database end a statement that takes too long for a scrape."""
    if connection.vendor != "postgresql":
        # SQLite's readers wait for nobody, and a transaction of ours would be a writer.
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        limit = f"{STATEMENT_SECONDS * 1000:.0f}"
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
        yield

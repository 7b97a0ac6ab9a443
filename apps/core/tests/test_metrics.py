"""A scrape answers, whatever the service stands on does, and only to those it may."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core.metrics import lanes, registry, system
from apps.core.metrics.registry import metrics_collector
from apps.core.metrics.system import System
from apps.core.tests.answers import error_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client import Metric
    from pytest_django import Settings

HERE = "apps.core.tests.test_metrics"
LOOPBACK, PUBLIC = "127.0.0.1", "203.0.113.7"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what was read for an earlier test, and ask no room but the test's."""
    monkeypatch.setattr("apps.core.metrics.scrape.SYSTEM", System())
    monkeypatch.setattr(registry, "_collectors", {})


def scrape() -> dict[str, float]:
    """Return the samples without labels, or with one, by name."""
    response = Client().get("/metrics")
    assert response.status_code == 200
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
        if len(sample.labels) < 2
    }


def fine_collect(now: datetime) -> Iterator[Metric]:
    """Tell something."""
    yield GaugeMetricFamily("parallax_fine", "For tests.", now.timestamp())


def broken_collect(now: datetime) -> Iterator[Metric]:
    """Have a mistake in it."""
    yield GaugeMetricFamily("parallax_half", "For tests.", 1)
    msg = "a mistake of ours"
    raise ValueError(msg)


def slow_collect(now: datetime) -> Iterator[Metric]:
    """Ask the database for something that takes a minute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")
    return iter(())


def refuse(error: Exception) -> Any:
    def ask() -> None:
        raise error

    return ask


def test_a_scrape_is_text_that_prometheus_reads_and_nobody_keeps() -> None:
    response = Client().get("/metrics")

    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert response["Cache-Control"] == "no-store"
    assert list(text_string_to_metric_families(response.content.decode()))


def test_a_well_service_is_up_and_has_room() -> None:
    found = scrape()

    assert (found["parallax_database_up"], found["parallax_cache_up"]) == (1, 1)
    size = found["parallax_data_dir_size_bytes"]
    assert 0 < found["parallax_data_dir_free_bytes"] <= size


def test_a_database_that_is_down_is_told_and_the_rest_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics_collector("fine", f"{HERE}.fine_collect")
    monkeypatch.setattr(system, "database_answers", refuse(OperationalError()))

    found = scrape()

    assert (found["parallax_database_up"], found["parallax_cache_up"]) == (0, 1)
    assert found["parallax_collector_up fine"] == 0
    assert found["parallax_collector_up data_dir"] == 1
    assert "parallax_fine" not in found


def test_a_cache_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "cache_answers", refuse(RedisConnectionError()))

    found = scrape()

    assert (found["parallax_database_up"], found["parallax_cache_up"]) == (1, 0)


def test_a_database_that_hangs_delays_no_scrape_and_is_asked_by_one_thread_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go, asked = threading.Event(), []

    def hang() -> None:
        asked.append(threading.current_thread())
        let_go.wait(30)

    monkeypatch.setattr(system, "database_answers", hang)
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(lanes, "KEEP_SECONDS", 0.0)
    started = time.perf_counter()
    try:
        found = [scrape() for _ in range(3)]
    finally:
        let_go.set()
        for thread in asked:
            thread.join()

    assert time.perf_counter() - started < 20
    assert [one["parallax_database_up"] for one in found] == [0, 0, 0]
    assert [one["parallax_cache_up"] for one in found] == [1, 1, 1]
    assert len(asked) == 1


def test_a_rooms_mistake_is_named_and_hides_no_other_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics_collector("broken", f"{HERE}.broken_collect")
    metrics_collector("fine", f"{HERE}.fine_collect")

    found = scrape()

    assert found["parallax_collector_up broken"] == 0
    assert found["parallax_collector_up fine"] == 1
    assert "parallax_half" not in found
    assert found["parallax_fine"] > 0
    assert "a mistake of ours" in caplog.text


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="needs PostgreSQL's pg_sleep"
)
def test_a_statement_that_takes_long_is_ended_by_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics_collector("slow", f"{HERE}.slow_collect")
    metrics_collector("fine", f"{HERE}.fine_collect")
    monkeypatch.setattr(system, "STATEMENT_SECONDS", 0.2)

    found = scrape()

    assert found["parallax_collector_up slow"] == 0
    assert found["parallax_collector_up fine"] == 1
    assert found["parallax_database_up"] == 1


def test_scrapes_that_follow_each_other_read_the_database_once() -> None:
    metrics_collector("fine", f"{HERE}.fine_collect")

    assert scrape()["parallax_fine"] == scrape()["parallax_fine"]


def test_a_later_scrape_reads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "KEEP_SECONDS", 0.0)
    metrics_collector("fine", f"{HERE}.fine_collect")

    assert scrape()["parallax_fine"] < scrape()["parallax_fine"]


def test_two_rooms_cannot_share_a_name() -> None:
    metrics_collector("fine", f"{HERE}.fine_collect")
    metrics_collector("fine", f"{HERE}.fine_collect")

    with pytest.raises(RuntimeError, match="two collectors"):
        metrics_collector("fine", f"{HERE}.broken_collect")


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        (LOOPBACK, None, 200),
        ("::1", None, 200),
        ("10.1.2.3", None, 200),
        ("172.31.255.255", None, 200),
        ("192.168.0.1", None, 200),
        ("::ffff:10.1.2.3", None, 200),
        (PUBLIC, None, 403),
        ("172.32.0.0", None, 403),
        ("2001:db8::1", None, 403),
        (f"::ffff:{PUBLIC}", None, 403),
        ("", None, 403),
        ("localhost", None, 403),
        ("10.1.2.3", "10.9.9.9", 200),
        ("10.1.2.3", PUBLIC, 403),
        ("10.1.2.3", f"{LOOPBACK}, {PUBLIC}", 403),
        (PUBLIC, LOOPBACK, 403),
        (LOOPBACK, "nonsense", 403),
        (LOOPBACK, ",", 403),
    ],
)
def test_only_allowed_networks_are_told(
    address: str, forwarded: str | None, status: int
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    response = Client().get("/metrics", headers=headers, REMOTE_ADDR=address)

    assert response.status_code == status
    if status == 403:
        finding = error_of(response, 403)
        assert finding.code == "permission_denied"
        assert "METRICS_ALLOW" in finding.detail


def test_prometheus_is_not_sent_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get("/metrics").status_code == 200


def test_the_openapi_document_does_not_name_it() -> None:
    document = Client().get("/api/schema/", headers={"Accept": "application/json"})

    paths = document.json()["paths"]
    assert "/api/health/" in paths
    assert "/metrics" not in paths


def test_a_scrape_is_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "parallax.request"):
        scrape()

    (record,) = [one for one in caplog.records if one.name == "parallax.request"]
    assert record.levelno == logging.DEBUG

"""Celery on a Redis that fails: nothing is lost, nothing hangs, nobody needs to help."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery.exceptions import Reject
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from pydantic import SecretStr
from redis import Redis

from apps.jobs.carrier import UNSENT, celery as carrier, celery_worker
from apps.jobs.enums import JobQueue, JobState
from apps.jobs.models import Job
from apps.jobs.services import jobs_reap
from apps.jobs.supervisor import WorkerState
from apps.jobs.tests.factories import job_make, user_make
from apps.jobs.tests.redis_server import BINARY, RedisServer
from apps.jobs.tests.test_worker import LEASE, keeper, wait_for, wait_for_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from apps.jobs.tests.conftest import CeleryParcels

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
    # What Celery says in a worker that has lost its Redis.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JOB_LEASE_SECONDS = LEASE
    monkeypatch.setattr(carrier._Silence, "until", 0.0)


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[RedisServer]:
    """A Redis of the test's own, to be killed."""
    if not BINARY:
        pytest.skip("this kills a Redis of its own, and there is no redis-server here")
    settings.JOBS_BACKEND = "celery"
    with RedisServer(tmp_path) as running:
        settings.JOBS_REDIS_URL = SecretStr(running.url)
        yield running


def enqueue_timed(**payload: Any) -> float:
    owner = user_make(f"user-{time.monotonic_ns()}")
    begun = time.monotonic()
    job_make("test.echo", now=timezone.now(), owner=owner, **payload)
    return time.monotonic() - begun


def test_a_message_holds_the_jobs_id_and_nothing_of_its_payload(
    celery: CeleryParcels,
) -> None:
    job = job_make("test.echo", now=timezone.now(), word="hunter2")
    [message] = celery.redis.lrange(celery.prefix + job.queue, 0, -1)
    told = json.loads(message)
    arguments = json.loads(base64.b64decode(told["body"]))[:2]
    assert told["content-type"] == "application/json"
    assert told["headers"]["id"] == job.carrier_id
    assert arguments == [[str(job.pk)], {}]
    assert "hunter2" not in str(told)


def test_a_request_succeeds_at_once_while_redis_is_down(server: RedisServer) -> None:
    server.kill()
    assert enqueue_timed() < 5
    assert Job.objects.get().state == JobState.QUEUED


def test_a_redis_that_hangs_costs_a_request_a_second_and_the_next_none(
    server: RedisServer,
) -> None:
    server.freeze()
    assert enqueue_timed() < 5
    assert enqueue_timed() < 0.9
    server.thaw()
    assert Job.objects.filter(state=JobState.QUEUED).count() == 2


def test_a_reaper_goes_on_while_redis_hangs(server: RedisServer) -> None:
    for _ in range(20):
        enqueue_timed()
    server.freeze()
    begun = time.monotonic()
    later = timezone.now() + timedelta(hours=1)
    # What is waiting cannot be known: nothing is carried a second time for nothing.
    assert jobs_reap(now=later) == 0
    assert time.monotonic() - begun < 10
    server.thaw()


def test_a_job_that_was_asked_for_while_redis_was_down_runs_when_it_is_back(
    server: RedisServer, settings: Settings
) -> None:
    server.kill()
    # Not a lease later: that it could not be sent is known.
    settings.JOB_LEASE_SECONDS = 120
    enqueue_timed()
    assert Job.objects.get().carrier_id == UNSENT
    with keeper():
        time.sleep(1)
        server.start()
        assert wait_for(JobState.SUCCEEDED).attempt == 1


def test_a_worker_survives_a_restart_of_redis(server: RedisServer) -> None:
    enqueue_timed()
    with keeper() as process:
        wait_for_all(JobState.SUCCEEDED, 1)
        [worker] = process.children()
        server.kill()
        time.sleep(0.5)
        server.start()
        enqueue_timed()
        wait_for_all(JobState.SUCCEEDED, 2, LEASE + 30)
        assert process.children() == [worker]


def test_a_running_job_is_finished_while_redis_is_down(server: RedisServer) -> None:
    job_make("test.sleep", now=timezone.now(), seconds=1.5)
    with keeper():
        wait_for(JobState.RUNNING)
        server.kill()
        assert wait_for(JobState.SUCCEEDED).attempt == 1
        server.start()


def test_a_keeper_stops_in_good_order_while_redis_hangs(server: RedisServer) -> None:
    job_make("test.sleep", now=timezone.now(), seconds=60)
    with keeper():
        wait_for(JobState.RUNNING)
        server.freeze()
        begun = time.monotonic()
    seconds = time.monotonic() - begun
    server.thaw()
    assert seconds < 30
    assert Job.objects.get().state == JobState.QUEUED


def test_a_message_that_is_redelivered_late_finds_nothing_to_do(
    celery: CeleryParcels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(carrier.TRANSPORT, "visibility_timeout", 3)
    monkeypatch.setitem(carrier.TRANSPORT, "unacked_restore_interval", 1)
    job_make("test.slow_once", now=timezone.now(), mark=str(tmp_path / "mark"))
    unacked = f"{celery.prefix}unacked"
    with keeper() as process:
        wait_for(JobState.RUNNING)
        while not (tmp_path / "mark").exists():
            time.sleep(0.02)
        [worker] = process.children()
        worker.kill()
        assert wait_for(JobState.SUCCEEDED).attempt == 2
        # The killed worker's, and for a moment the one that was just done.
        assert celery.redis.hlen(unacked) in {1, 2}
        until = time.monotonic() + 60
        while celery.redis.hlen(unacked) or celery.count():
            assert time.monotonic() < until
            time.sleep(0.05)
    job = Job.objects.get()
    assert (job.attempt, job.result) == (2, {"second": True})


@pytest.mark.parametrize(
    "rubbish",
    [
        b"not json",
        b"[]",
        b'{"body": "bm90IGpzb24=", "content-type": "application/json"}',
        b'{"body": "WyJ4Il0=", "headers": {"id": "1", "task": "os.system"}, '
        b'"content-type": "application/x-python-serialize", '
        b'"content-encoding": "binary", '
        b'"properties": {"body_encoding": "base64", "delivery_tag": "1", '
        b'"delivery_info": {"exchange": "", "routing_key": "default"}}}',
    ],
)
def test_rubbish_in_a_queue_holds_up_no_job(
    celery: CeleryParcels, rubbish: bytes
) -> None:
    celery.redis.lpush(celery.prefix + JobQueue.DEFAULT, rubbish)
    assert carrier.under_way(queue=JobQueue.DEFAULT, carrier_ids=["x"]) == set()
    job_make("test.echo", now=timezone.now())
    with keeper():
        wait_for(JobState.SUCCEEDED, LEASE + 30)


def test_what_waits_behind_more_than_is_looked_through_counts_as_waiting(
    celery: CeleryParcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "WINDOWS", (2, 4))
    owner = user_make()
    jobs = [job_make("test.echo", now=timezone.now(), owner=owner) for _ in range(4)]
    ids = [job.carrier_id for job in jobs]

    def under_way(*carrier_ids: str) -> set[str]:
        return carrier.under_way(queue=JobQueue.DEFAULT, carrier_ids=carrier_ids)

    assert under_way(ids[0]) == {ids[0]}
    assert under_way(*ids) == set(ids)
    assert under_way(ids[0], "gone", UNSENT) == {ids[0], "gone"}
    celery.redis.rpop(celery.prefix + JobQueue.DEFAULT)
    assert under_way(*ids, "gone") == set(ids[1:])


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("rediss://localhost/0", "required"),
        ("rediss://localhost/0?ssl_ca_certs=ca.pem", "required"),
        ("rediss://localhost/0?ssl_cert_reqs=none", "none"),
    ],
)
def test_an_encrypted_redis_must_prove_who_it_is_unless_told_otherwise(
    settings: Settings, url: str, wanted: str
) -> None:
    settings.JOBS_REDIS_URL = SecretStr(url)
    with carrier.app_get().connection() as link:
        assert f"ssl_cert_reqs={wanted}" in carrier.app_get().conf.broker_url
        assert link.ssl["ssl_cert_reqs"].name == f"CERT_{wanted.upper()}"


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_worker_waits_for_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    answers = [kind("gone"), kind("gone"), None]
    seen = []

    def job_run(job_id: str) -> None:
        seen.append(job_id)
        answer = answers.pop(0)
        if answer:
            raise answer

    monkeypatch.setattr(celery_worker, "job_run", job_run)
    monkeypatch.setattr(celery_worker, "DATABASE_RETRY_SECONDS", 0.01)
    celery_worker.run_job("one")
    assert seen == ["one"] * 3


def test_a_worker_that_stops_without_a_database_leaves_the_message_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def job_run(job_id: str) -> None:
        state.stopping = True
        raise OperationalError("gone")

    state = WorkerState()
    monkeypatch.setattr(celery_worker, "WORKER", state)
    monkeypatch.setattr(celery_worker, "job_run", job_run)
    with pytest.raises(Reject) as rejected:
        celery_worker.run_job("one")
    assert rejected.value.requeue


def test_a_redis_that_takes_nothing_is_tried_with_one_job_a_round(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = user_make()
    asked = timezone.now()
    with Redis.from_url(server.url) as redis:
        redis.config_set("maxmemory", 1)
        for _ in range(3):
            job_make("test.echo", now=asked, owner=owner)
        monkeypatch.setattr(carrier._Silence, "until", 0.0)
        tried: list[str] = []
        send = carrier._sent

        def noted(*what: str) -> bool:
            tried.append(what[0])
            return send(*what)

        monkeypatch.setattr(carrier, "_sent", noted)
        before = list(Job.objects.order_by("pk").values_list("pk", "updated_at"))
        later = asked + timedelta(hours=1)
        assert jobs_reap(now=later) == 0
        after = list(Job.objects.order_by("pk").values_list("pk", "updated_at"))
        assert len(tried) == len(set(after) - set(before)) == 1
        states = set(Job.objects.values_list("carrier_id", "enqueued_at"))
        assert states == {(UNSENT, asked)}
        redis.config_set("maxmemory", 0)
        monkeypatch.setattr(carrier._Silence, "until", 0.0)
        assert jobs_reap(now=later) == 3
    assert set(Job.objects.values_list("enqueued_at", flat=True)) == {later}
    assert not Job.objects.filter(carrier_id=UNSENT).exists()

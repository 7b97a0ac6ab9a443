"""A PostgreSQL that is restarted, stopped, locked or crowded under requests."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from tests.edge.servers import (
    environment,
    manage,
    postgres_run,
    run_python,
    until,
    web_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.edge.servers import PostgresServer, Web

STRATEGIES = "/api/v1/strategies/"
BODY = {"template": "sma_cross"}
POOL, LOCK_SECONDS = 2, 1.0
RETRY_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A web process on a PostgreSQL of its own, and a caller who is signed in."""

    postgres: PostgresServer
    web: Web
    settings: dict[str, str]
    headers: dict[str, str]

    def get(self) -> httpx.Response:
        """Ask for a list."""
        return httpx.get(
            self.web.address + STRATEGIES, headers=self.headers, timeout=60
        )

    def post(self, key: str) -> httpx.Response:
        """Store a strategy, once for each key."""
        return httpx.post(
            self.web.address + STRATEGIES,
            json=BODY,
            headers=self.headers | {"Idempotency-Key": key},
            timeout=60,
        )

    def one(self, query: str) -> object:
        """Return the answer to a query beside the service."""
        with self.postgres.connect() as connection:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row[0]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with postgres_run() as postgres:
        settings = environment(
            folder,
            DATABASE_URL=postgres.url(),
            DATABASE_POOL_MAX=str(POOL),
            DATABASE_LOCK_SECONDS=str(LOCK_SECONDS),
        )
        assert manage(settings, "migrate", "-v0").returncode == 0
        code = (
            "from apps.users.models import User;"
            "from rest_framework.authtoken.models import Token;"
            "print(Token.objects.create(user=User.objects.create_user('ada')).key)"
        )
        made = manage(settings, "shell", "-v0", "-c", code)
        assert made.returncode == 0, made.stderr
        headers = {"Authorization": f"Token {made.stdout.split()[-1]}"}
        with web_run(folder, settings) as web:
            yield Stack(postgres, web, settings, headers)


def unavailable(response: httpx.Response) -> None:
    """Hold an answer to what an outage must look like."""
    body = response.json()
    assert response.status_code == 503, body
    assert body["type"] == "server_error"
    assert [error["code"] for error in body["errors"]] == ["database_unavailable"]
    assert int(response.headers["Retry-After"]) > 0


def test_a_web_process_has_a_pool_that_is_bounded_and_opened_after_the_fork(
    stack: Stack,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stack.get().status_code, range(40)))

    of_web = "FROM pg_stat_activity WHERE application_name = 'parallax-web'"
    master = psutil.Process(stack.web.process.pid)
    (worker,) = master.children()
    assert answers == [200] * 40
    assert 1 <= int(str(stack.one(f"SELECT count(*) {of_web}"))) <= POOL
    assert master.num_threads() == 1
    assert worker.num_threads() > 1


def test_a_lock_that_is_held_too_long_is_503_and_the_key_can_be_used_again(
    stack: Stack,
) -> None:
    with stack.postgres.connect() as other, other.transaction():
        other.execute("LOCK TABLE strategies_strategy IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        locked = stack.post("locked")
        seconds = time.monotonic() - started

    unavailable(locked)
    assert LOCK_SECONDS <= seconds < LOCK_SECONDS + 3
    assert stack.post("locked").status_code == 201


def test_a_pool_without_a_free_connection_is_503_after_a_bounded_wait(
    stack: Stack,
) -> None:
    with (
        stack.postgres.connect() as other,
        other.transaction(),
        ThreadPoolExecutor(16) as pool,
    ):
        other.execute("LOCK TABLE authtoken_token IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answers = list(pool.map(lambda _: stack.get(), range(16)))
        seconds = time.monotonic() - started

    for answer in answers:
        unavailable(answer)
    assert seconds < 25
    assert stack.get().status_code == 200


def test_a_restart_between_requests_is_not_noticed(stack: Stack) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: stack.get(), range(16)))

    stack.postgres.stop("fast")
    stack.postgres.start()

    started = time.monotonic()
    assert [stack.get().status_code for _ in range(4)] == [200] * 4
    assert time.monotonic() - started < 20


def test_a_crash_under_writes_leaves_each_whole_or_undone_and_is_recovered_from(
    stack: Stack,
) -> None:
    before = int(str(stack.one("SELECT count(*) FROM strategies_strategy")))
    stop, answers = threading.Event(), Counter[int]()

    def write(caller: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            response = stack.post(f"crash-{caller}-{number}")
            answers[response.status_code] += 1
            if response.status_code != 201:
                unavailable(response)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, caller) for caller in range(4)]
        time.sleep(1)
        stack.postgres.stop("immediate")
        time.sleep(1)
        stack.postgres.start()
        written = answers[201]
        until(lambda: answers[201] > written + 5, "writes go on", RETRY_SECONDS)
        stop.set()
        for writer in writers:
            writer.result()

    kept = "FROM core_idempotencyrecord WHERE key LIKE 'crash-%' AND status = 201"
    made = int(str(stack.one("SELECT count(*) FROM strategies_strategy"))) - before
    # An answer may be lost on its way; a write without its answer may not be.
    assert made == stack.one(f"SELECT count(*) {kept}")
    assert made >= answers[201]
    assert set(answers) <= {201, 503}


def test_a_server_that_is_gone_is_503_and_is_found_again(stack: Stack) -> None:
    stack.postgres.stop("immediate")
    try:
        started = time.monotonic()
        unavailable(stack.get())
        seconds = time.monotonic() - started
        health = httpx.get(f"{stack.web.address}/api/health/ready/", timeout=30)
        live = httpx.get(f"{stack.web.address}/api/health/live/", timeout=30)
    finally:
        stack.postgres.start()

    assert seconds < 20
    assert (health.status_code, live.status_code) == (503, 200)
    assert health.json()["db"] in {"failed", "timed out"}
    until(lambda: stack.get().status_code == 200, "requests go on", RETRY_SECONDS)


@pytest.mark.parametrize(
    ("role", "bounds", "pools"),
    [("web", ["30s", "1s"], 1), ("worker", ["0", "0"], 0), ("migrate", ["0", "1s"], 0)],
)
def test_only_web_processes_have_a_pool_and_bounds_on_statements(
    stack: Stack, role: str, bounds: list[str], pools: int
) -> None:
    code = f"""if True:
        from config.process import PROCESS
        PROCESS.role = {role!r}
        import django, json, threading
        django.setup()
        from django.db import connection
        with connection.cursor() as cursor:
            names = ("statement_timeout", "lock_timeout", "application_name")
            shown = []
            for name in names:
                cursor.execute(f"SHOW {{name}}")
                shown.append(cursor.fetchone()[0])
        threads = [thread.name for thread in threading.enumerate()]
        print(json.dumps([shown, sum("scheduler" in name for name in threads)]))
    """
    settings = stack.settings | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    found = json.loads(run_python(settings, code))

    assert found == [[*bounds, f"parallax-{role}"], pools]

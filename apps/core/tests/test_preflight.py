"""The list before going live: each verdict, and that none hides another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as current
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from redis.exceptions import (
    AuthenticationError,
    ConnectionError as RedisConnectionError,
    NoPermissionError,
    ReadOnlyError,
)

from apps.core.backup.preflight import backups_check
from apps.core.backup.shelf import Shelf
from apps.core.management.commands import preflight
from apps.core.preflight import Verdict, cache, database, disk, service
from apps.core.preflight.contracts import go, no_go, warn
from apps.core.preflight.registry import Registered, check_list
from apps.core.preflight.run import preflight_run

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.core.preflight import Finding
    from apps.core.tests.bucket import Bucket

ROOT = Path(__file__).parents[3]
HERE = "apps.core.tests.test_preflight"
INFO = {"redis_version": "7.4", "aof_enabled": 1, "maxmemory_policy": "noeviction"}

pytestmark = pytest.mark.django_db


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in findings}


# --- running


def fine() -> list[Finding]:
    """Find nothing wrong."""
    return [go("fine", "it is")]


def hanging() -> list[Finding]:
    """Answer too late."""
    threading.Event().wait(5.0)
    return [go("hanging", "after all")]


def failing() -> list[Finding]:
    """Fail as nobody foresaw."""
    msg = "password=hunter2 is wrong"
    raise RuntimeError(msg)


def away() -> list[Finding]:
    """Have no database."""
    msg = "connection failed:\nno route to host"
    raise OperationalError(msg)


def run(*names: str) -> list[Finding]:
    return preflight_run([Registered(name, f"{HERE}.{name}", 0.3) for name in names])


def test_a_check_that_hangs_or_fails_hides_no_other() -> None:
    started = time.monotonic()
    hung, failed, lost, well = run("hanging", "failing", "away", "fine")

    assert time.monotonic() - started < 4
    assert (hung.verdict, hung.found) == (Verdict.NO_GO, "no answer within 0.3 s")
    assert failed.verdict == Verdict.NO_GO
    assert "RuntimeError" in failed.found
    assert "hunter2" not in failed.found
    assert lost == no_go("away", "not known: no route to host", lost.action)
    assert well.verdict == Verdict.GO


def test_every_room_has_registered_what_it_checks() -> None:
    names = {one.name for one in check_list()}
    assert {
        *("settings", "credentials key", "database", "migrations", "clock", "redis"),
        *("disk", "bucket", "backups", "engines", "workers"),
    } <= names


@pytest.mark.parametrize(
    ("findings", "code"),
    [([go("a", "x")], 0), ([warn("a", "x", "y")], 0), ([no_go("a", "x", "y")], 1)],
)
def test_the_command_ends_with_1_where_anything_is_no_go(
    monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int
) -> None:
    monkeypatch.setattr(preflight, "preflight_run", lambda: findings)
    out, ended = StringIO(), 0
    try:
        call_command("preflight", "--json", stdout=out)
    except SystemExit as end:
        ended = int(str(end.code))

    answer = json.loads(out.getvalue())
    assert (ended, answer["go"]) == (code, code == 0)
    assert answer["findings"][0]["verdict"] == findings[0].verdict


def test_each_finding_is_one_line_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [go("clock", "exact"), warn("redis", "none", "set REDIS_URL")]
    monkeypatch.setattr(preflight, "preflight_run", lambda: found)
    out = StringIO()
    call_command("preflight", stdout=out)

    assert out.getvalue().splitlines() == [
        "GO      clock  exact",
        "WARN    redis  none -> set REDIS_URL",
        "1 GO, 1 WARN, 0 NO-GO",
    ]


# --- settings and secrets


def test_a_closed_service_may_go_live(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["parallax.example"]
    settings.CREDENTIALS_KEY = "set"

    found = [*service.settings_check(), *service.credentials_check()]

    assert {one.verdict for one in found} == {Verdict.GO}


@pytest.mark.parametrize(
    ("changes", "name", "verdict"),
    [
        ({"SECRET_KEY": "change-me"}, "secret key", Verdict.NO_GO),
        ({"SECRET_KEY": "change-me" * 9}, "secret key", Verdict.NO_GO),
        ({"DEBUG": True}, "debug", Verdict.NO_GO),
        ({"ALLOWED_HOSTS": ["*"]}, "allowed hosts", Verdict.NO_GO),
        ({"ALLOWED_HOSTS": ["localhost"]}, "allowed hosts", Verdict.WARN),
        ({"ALLOWED_HOSTS": ["localhost"]}, "https", Verdict.WARN),
        ({"ALLOWED_HOSTS": ["a.example"]}, "https", Verdict.NO_GO),
        ({"CREDENTIALS_KEY": None}, "credentials key", Verdict.WARN),
    ],
)
def test_what_is_open_is_told(
    settings: Settings, changes: dict[str, Any], name: str, verdict: Verdict
) -> None:
    for setting, value in changes.items():
        setattr(settings, setting, value)

    found = verdicts([*service.settings_check(), *service.credentials_check()])

    assert found[name] == verdict


# --- the database


def test_the_database_of_the_tests_may_go_live() -> None:
    found = [
        *database.database_check(),
        *database.migrations_check(),
        *database.clock_check(),
    ]
    assert {one.verdict for one in found} == {Verdict.GO}
    assert "parallax_preflight" not in connection.introspection.table_names()


def test_a_database_that_is_away_is_no_go(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        msg = "postgres://u:hunter2@h: refused"
        raise OperationalError(msg)

    monkeypatch.setattr(connection, "ensure_connection", refuse)

    [found] = database.database_check()

    assert found.verdict == Verdict.NO_GO
    assert "cannot be reached" in found.found
    assert "hunter2" not in found.found


class Answering:
    """A connection that gives these answers."""

    def __init__(self, *answers: tuple[Any, ...], vendor: str = "postgresql") -> None:
        self.vendor = vendor
        self._answers = list(answers)

    def cursor(self) -> Answering:
        return self

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def execute(self, query: str) -> None:
        """Take any question."""

    def fetchone(self) -> tuple[Any, ...]:
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("version", "zone", "verdict"),
    [
        ("15.4 (Debian)", "UTC", Verdict.GO),
        ("14.9", "UTC", Verdict.NO_GO),
        ("16.1", "Europe/Berlin", Verdict.NO_GO),
    ],
)
def test_an_old_server_or_another_time_zone_is_no_go(
    monkeypatch: pytest.MonkeyPatch, version: str, zone: str, verdict: Verdict
) -> None:
    monkeypatch.setattr(database, "connection", Answering((version, "d"), (zone,)))

    assert database._postgresql()[0].verdict == verdict


@pytest.mark.parametrize(("mode", "verdict"), [("wal", "GO"), ("delete", "NO-GO")])
def test_sqlite_without_its_log_is_no_go(
    monkeypatch: pytest.MonkeyPatch, mode: str, verdict: str
) -> None:
    answers = Answering(("3.45",), (mode,), vendor="sqlite")
    monkeypatch.setattr(database, "connection", answers)

    assert database._sqlite()[0].verdict == verdict


def test_a_database_that_takes_no_writes_is_no_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object) -> None:
        msg = "cannot execute CREATE TABLE in a read-only transaction"
        raise DatabaseError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        found = database._writable()

    assert found.verdict == Verdict.NO_GO
    assert "read-only transaction" in found.found


@pytest.mark.parametrize(
    ("apart", "verdict"), [(0.2, "GO"), (-2.0, "WARN"), (6.0, "NO-GO"), (-6.0, "NO-GO")]
)
def test_clocks_that_differ_are_told(
    monkeypatch: pytest.MonkeyPatch, apart: float, verdict: str
) -> None:
    answers = Answering((time.time() + apart,))
    monkeypatch.setattr(database, "connection", answers)

    [found] = database.clock_check()

    assert found.verdict == verdict
    assert ("behind" in found.found) == (apart < 0)


@pytest.mark.parametrize(
    ("later", "words"),
    [("", "older than the code: core."), ("9999_later", "newer than the code: core.9")],
)
def test_a_schema_that_is_not_the_codes_is_no_go(later: str, words: str) -> None:
    recorder = MigrationRecorder(connection)
    if later:
        recorder.record_applied("core", later)
    else:
        app, name = max(
            one for one in recorder.applied_migrations() if one[0] == "core"
        )
        recorder.record_unapplied(app, name)

    [found] = database.migrations_check()

    assert found.verdict == Verdict.NO_GO
    assert words in found.found


def test_migrations_of_apps_that_are_not_ours_are_passed_over() -> None:
    MigrationRecorder(connection).record_applied("somebody_elses", "0001_initial")

    assert database.migrations_check()[0].verdict == Verdict.GO


# --- Redis


class FakeRedis:
    """A Redis that answers, or fails."""

    info_answer = INFO
    error: Exception | None = None
    forgets = False

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    @classmethod
    def from_url(cls, url: str, **options: float) -> FakeRedis:
        assert url.startswith("redis://")
        assert options["socket_timeout"] <= 2
        return cls()

    def __enter__(self) -> FakeRedis:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def info(self) -> dict[str, Any]:
        if self.error:
            raise self.error
        return self.info_answer

    def set(self, key: str, value: bytes, ex: int) -> None:
        assert ex > 0
        self._kept[key] = b"" if self.forgets else value

    def get(self, key: str) -> bytes:
        return self._kept[key]

    def delete(self, key: str) -> None:
        del self._kept[key]


@pytest.fixture
def fake_redis(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> type[FakeRedis]:
    class Fake(FakeRedis):
        pass

    backend = {"BACKEND": "django_redis.cache.RedisCache"}
    monkeypatch.setattr(cache, "Redis", Fake)
    where = {"LOCATION": "redis://:secret@redis.example:6379/0"}
    monkeypatch.setitem(settings.CACHES, "default", backend | where)
    settings.JOBS_BACKEND = "database"
    return Fake


def test_a_durable_redis_with_a_password_may_go_live(
    fake_redis: type[FakeRedis],
) -> None:
    assert verdicts(cache.redis_check()) == {"redis": Verdict.GO}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthenticationError("WRONGPASS invalid"), "refuses the password"),
        (AuthenticationError("NOAUTH"), "refuses the password"),
        (NoPermissionError("NOPERM info"), "refuses"),
        (RedisConnectionError("redis://:hunter2@h refused"), "cannot be reached"),
        (ReadOnlyError("READONLY replica"), "READONLY replica"),
    ],
)
def test_a_redis_that_cannot_be_used_is_no_go_by_its_cause(
    fake_redis: type[FakeRedis], error: Exception, words: str
) -> None:
    fake_redis.error = error

    [found] = cache.redis_check()

    assert found.verdict == Verdict.NO_GO
    assert words in found.found
    assert "hunter2" not in found.found


def test_a_redis_that_forgets_at_once_is_no_go(fake_redis: type[FakeRedis]) -> None:
    fake_redis.forgets = True

    assert verdicts(cache.redis_check()) == {"redis": Verdict.NO_GO}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aof_enabled": 0}, "appendonly yes"),
        ({"maxmemory_policy": "allkeys-lru"}, "noeviction"),
    ],
)
def test_a_redis_that_may_lose_what_it_holds_is_told(
    fake_redis: type[FakeRedis], changes: dict[str, Any], words: str
) -> None:
    fake_redis.info_answer = INFO | changes

    [found] = cache.redis_check()

    assert found.verdict == Verdict.WARN
    assert words in found.action


def test_a_redis_without_a_password_is_told(
    fake_redis: type[FakeRedis], settings: Settings
) -> None:
    settings.CACHES["default"]["LOCATION"] = "redis://redis.example:6379/0"

    assert "password" in cache.redis_check()[0].action


def test_no_redis_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    monkeypatch.setitem(settings.CACHES, "default", local)
    settings.JOBS_BACKEND = "database"

    assert verdicts(cache.redis_check()) == {"redis": Verdict.WARN}


# --- disk and backups


@pytest.mark.parametrize(
    ("free", "total", "verdict"),
    [(500, 1000, "GO"), (5, 1000, "WARN"), (50, 1000, "WARN"), (0.5, 1000, "NO-GO")],
)
def test_a_disk_that_is_nearly_full_is_told(
    monkeypatch: pytest.MonkeyPatch, free: float, total: int, verdict: str
) -> None:
    class Usage:
        pass

    usage = Usage()
    usage.free, usage.total = free * disk.GIB, total * disk.GIB  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)

    assert disk.disk_check()[0].verdict == verdict
    assert list(Path(current.DATA_DIR).iterdir()) == []


def test_a_data_dir_that_cannot_be_written_is_no_go(settings: Settings) -> None:
    settings.DATA_DIR = Path("/proc/nowhere")

    [found] = disk.disk_check()

    assert found.verdict == Verdict.NO_GO
    assert "/proc/nowhere cannot be written" in found.found


@pytest.mark.parametrize(
    ("hours", "end", "verdict"),
    [(1, 1024, "GO"), (47, 1024, "GO"), (49, 1024, "NO-GO"), (1, 0, "NO-GO")],
)
def test_a_backup_that_is_old_or_cut_off_is_no_go(
    settings: Settings, tmp_path: Path, hours: int, end: int, verdict: str
) -> None:
    settings.BACKUP_DIR = tmp_path / "shelf"
    settings.BACKUP_DIR.mkdir()
    made = Shelf(settings.BACKUP_DIR).place(timezone.now() - timedelta(hours=hours))
    made.write_bytes(b"rows" + bytes(end))
    older = Shelf(settings.BACKUP_DIR).place(datetime(2020, 1, 1, tzinfo=UTC))
    older.write_bytes(bytes(1024))

    [found] = backups_check()

    assert found.verdict == verdict
    assert made.name in found.found


def test_no_backup_at_all_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.BACKUP_DIR = tmp_path / "new" / "shelf"

    assert verdicts(backups_check()) == {"backups": Verdict.WARN}


def test_a_backup_dir_that_cannot_be_written_is_no_go(settings: Settings) -> None:
    settings.BACKUP_DIR = Path("/proc/nowhere")

    assert verdicts(backups_check()) == {"backups": Verdict.NO_GO}


def test_where_there_is_no_bucket_nothing_is_said_of_it(settings: Settings) -> None:
    settings.S3_BUCKET = ""

    assert disk.bucket_check() == []


def test_a_bucket_that_gives_back_what_it_got_may_be_used(bucket: Bucket) -> None:
    assert verdicts(disk.bucket_check()) == {"bucket": Verdict.GO}
    assert bucket.paths() == set()
    assert not (Path(current.DATA_DIR) / "preflight").exists()


def test_a_bucket_that_is_away_is_no_go(bucket: Bucket) -> None:
    bucket.go_down()

    [found] = disk.bucket_check()

    assert found.verdict == Verdict.NO_GO
    assert bucket.name in found.found


# --- all together


def test_a_dead_database_and_a_dead_redis_are_told_within_the_time(
    tmp_path: Path,
) -> None:
    """Run the command itself, where nothing answers; all else is told as well."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "preflight", "--json"],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": "postgres://u:hunter2@127.0.0.1:9/d",
            "REDIS_URL": "redis://:hunter2@127.0.0.1:9/0",
            "DATA_DIR": str(tmp_path / "data"),
            "BACKUP_DIR": str(tmp_path / "backups"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    seconds = time.monotonic() - started
    answer = json.loads(done.stdout)
    found = {one["name"]: one["verdict"] for one in answer["findings"]}

    assert done.returncode == 1
    assert seconds < 30
    assert {found[name] for name in ("database", "migrations", "redis")} == {"NO-GO"}
    assert {found[name] for name in ("debug", "disk")} <= {"GO", "WARN"}
    assert "engine reference" in found
    assert "hunter2" not in done.stdout + done.stderr

"""The drill: save everything, lose everything, and have everything back."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from rest_framework.test import APIClient

from apps.analysis.results import result_read
from apps.analysis.services.chart import chart_draw
from apps.analysis.tests.asking import stored
from apps.analysis.tests.comparing import compare_ask
from apps.analysis.tests.factories import Surroundings, job_end, series_make
from apps.core.backup.making import backup_make
from apps.engines import registry
from apps.jobs.enums import JobState
from apps.jobs.models import Job
from apps.jobs.services import job_claim, job_enqueue, jobs_reap
from apps.market.enums import Timeframe
from apps.market.models import BookCapture, CandleSeries
from apps.market.requests import SimulationRequest
from apps.market.selectors import bars_get, data_check
from apps.market.services import simulated_import
from apps.market.tests.captures import CALL, FakeReader, capture_take
from apps.users.models import User
from apps.users.services import token_issue
from apps.users.tests.factories import PASSWORD, UserFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.core.backup.making import Made
    from apps.core.tests.bucket import Bucket
    from apps.engines.runner.pool import EnginePool

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Workers fork; the test's own threads are those of the concurrent writer.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]
LEFT_OUT = {
    "authtoken.Token",
    # Readers of streams begin anew, beyond what they have seen.
    "core.OutboxEvent",
    "core.OutboxHead",
    "django_tasks_database.DBTaskResult",
    "sessions.Session",
    "users.ApiKey",
}
FILES = ("candles", "captures", "backtests", "parity", "market-making")


@pytest.fixture
def world(
    done: str, user: User, pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A person with candles, a capture, a drawn backtest and a list that was sent."""
    backtest = stored(done)
    assert backtest.chart_job is not None
    chart_draw(context=Surroundings(backtest.chart_job, pool))
    job_end(backtest.chart_job)
    compare_ask(user, backtest, "entry_time,exit_time\n")
    monkeypatch.setattr(CALL, FakeReader())
    monkeypatch.setattr(registry, "version_of", lambda _: "1")
    capture_take(user)
    return done


@pytest.fixture(autouse=True)
def _tables_are_left(transactional_db: None) -> Iterator[None]:
    """A test that fails midway must not leave the others without tables."""
    yield
    if "users_user" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def run(command: str, *arguments: object) -> str:
    """Run a command and return what it printed."""
    out = io.StringIO()
    words = [str(one) for one in arguments]
    call_command(command, *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def backup(shelf: Path) -> Path:
    """Make a backup by the command, and return the archive."""
    run("backup", "--to", shelf)
    [archive] = shelf.glob("*.tar")
    return archive


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table that belongs to a backup."""
    return {
        model._meta.label: sorted(model._default_manager.values_list(), key=repr)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in LEFT_OUT
    }


def files() -> dict[str, str]:
    """Return the hash of every stored file."""
    root = Path(settings.DATA_DIR)
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in FILES
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def destroy() -> None:
    """Drop every table and remove every file."""
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cascade = "CASCADE" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TABLE {name} {cascade}")
    shutil.rmtree(settings.DATA_DIR)
    Path(settings.DATA_DIR).mkdir()


def test_what_was_destroyed_comes_back_row_by_row_and_byte_by_byte(
    world: str, client: APIClient, user: User, shelf: Path
) -> None:
    series = CandleSeries.objects.get()
    bars = bars_get(series=series, start=None, end=None)
    trades = client.get(f"{world}trades/").json()
    kept_rows, kept_files = rows(), files()
    archive = backup(shelf)
    destroy()

    said = run("restore", archive)

    assert "are back" in said
    assert files() == kept_files
    assert len(kept_files) == 7
    assert rows() == kept_rows
    assert User.objects.get().check_password(PASSWORD)
    again = bars_get(series=CandleSeries.objects.get(), start=None, end=None)
    assert all(
        np.array_equal(getattr(again, name), getattr(bars, name))
        for name in ("time", "open", "high", "low", "close", "volume")
    )
    run_of = stored(world).runs.get()
    result = result_read(Path(settings.DATA_DIR) / run_of.path)
    assert len(result.trades) == run_of.trades > 0
    assert client.get(f"{world}trades/").json() == trades
    assert data_check(now=datetime(2100, 1, 1, tzinfo=UTC)) == []


def test_what_comes_after_a_restore_gets_keys_of_its_own(
    user: User, shelf: Path
) -> None:
    series_make(user)
    job = job_enqueue(owner=user, kind="test.echo", payload={}, now=timezone.now())
    line = job.log_lines.create(attempt=1, at=timezone.now(), message="before")
    archive = backup(shelf)
    destroy()
    run("restore", archive)

    after = Job.objects.get(pk=job.pk).log_lines.create(
        attempt=1, at=timezone.now(), message="after"
    )

    assert after.pk > line.pk


def test_jobs_that_were_under_way_are_done_after_a_restore(
    user: User, shelf: Path
) -> None:
    now = timezone.now()
    queued, running = (
        job_enqueue(owner=user, kind="test.echo", payload={}, now=now) for _ in range(2)
    )
    for attempt in range(1, running.max_attempts + 1):
        later = now + timedelta(hours=attempt)
        claimed = job_claim(job_id=running.pk, worker="lost", now=later)
        assert claimed is not None
    archive = backup(shelf)
    destroy()

    assert "2 jobs wait to be done, 1 of which were running" in run("restore", archive)

    jobs_reap(now=now + timedelta(days=1))
    for job in (queued, running):
        back = Job.objects.get(pk=job.pk)
        assert back.state == JobState.QUEUED
        assert back.carrier_id != job.carrier_id
        assert job_claim(job_id=job.pk, worker="new", now=timezone.now())


def test_no_token_and_no_session_is_in_an_archive(user: User, shelf: Path) -> None:
    client = APIClient()
    token = token_issue(user=user)
    client.login(username=user.username, password=PASSWORD)
    session = client.cookies["sessionid"].value
    assert token

    archive = backup(shelf)

    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        for info in tar:
            member = tar.extractfile(info)
            assert member is not None
            content = member.read()
            if info.name.endswith(".gz"):
                content = gzip.decompress(content)
            assert token.encode() not in content
            assert session.encode() not in content
            assert PASSWORD.encode() not in content
    destroy()
    run("restore", archive)
    # What Redis still holds of a session is no part of the archive.
    cache.clear()
    assert client.get("/api/v1/jobs/").status_code in {401, 403}
    assert token_issue(user=User.objects.get()) != token


def test_a_database_with_rows_is_left_alone(user: User, shelf: Path) -> None:
    archive = backup(shelf)
    UserFactory.create(username="later")

    with pytest.raises(CommandError, match=r"rows in .*users_user.*--replace"):
        run("restore", archive)

    assert User.objects.count() == 2


def test_replacing_asks_for_the_name_of_the_database(
    user: User, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = backup(shelf)
    UserFactory.create(username="later")
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    with pytest.raises(CommandError, match="not its name"):
        run("restore", archive, "--replace")
    assert User.objects.count() == 2

    name = str(connection.settings_dict["NAME"]).rsplit("/", 1)[-1]
    monkeypatch.setattr("builtins.input", lambda _: name)
    run("restore", archive, "--replace")

    assert User.objects.get() == user


def test_an_archive_of_a_newer_schema_is_refused_by_name(
    user: User, shelf: Path
) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("jobs", "0999_later")
    archive = backup(shelf)
    recorder.record_unapplied("jobs", "0999_later")

    with pytest.raises(CommandError, match=r"newer schema.*jobs\.0999_later"):
        run("restore", archive, "--replace", "--yes")

    assert User.objects.get() == user


def test_an_archive_of_an_older_schema_is_brought_up_to_date(
    user: User, shelf: Path
) -> None:
    call_command("migrate", "jobs", "0001", verbosity=0)
    try:
        archive = backup(shelf)
    finally:
        call_command("migrate", verbosity=0)
    destroy()

    run("restore", archive)

    assert User.objects.get() == user
    call_command("migrate", check_unapplied=True, verbosity=0)


def test_an_archive_of_the_other_database_is_refused(
    user: User, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = backup(shelf)
    other = "sqlite" if connection.vendor == "postgresql" else "postgresql"
    monkeypatch.setattr(connections["default"], "vendor", other)

    with pytest.raises(CommandError, match="the same kind of database"):
        run("restore", archive, "--replace", "--yes")


@pytest.mark.parametrize("what", ["gone", "changed"])
def test_no_backup_is_made_of_files_that_are_gone_or_damaged(
    user: User, shelf: Path, what: str
) -> None:
    series = series_make(user)
    path = Path(settings.DATA_DIR) / series.path
    if what == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"?")

    with pytest.raises(CommandError, match=series.path):
        run("backup", "--to", shelf)

    assert [one.name for one in shelf.iterdir()] == [".lock"]


def test_a_backup_is_one_moment_of_a_database_that_is_written_to(
    user: User, shelf: Path
) -> None:
    series_make(user)
    stop = threading.Event()
    written: list[Exception] = []
    writer = threading.Thread(target=_write, args=(user, stop, written.append))
    writer.start()
    made: list[Made] = []
    try:
        until = time.monotonic() + 8
        second = timezone.now()
        while len(made) < 3 and time.monotonic() < until:
            second += timedelta(seconds=1)
            made.append(
                backup_make(folder=shelf, now=second, keep=None, say=lambda _: None)
            )
    finally:
        stop.set()
        writer.join()
    assert written == []
    assert len(made) == 3
    for one in made:
        destroy()
        run("restore", one.path)
        # Both of a pair were written by one transaction, and each file with its row.
        names = set(User.objects.values_list("username", flat=True))
        assert {name.replace("left", "right") for name in names} <= names | {"right"}
        assert data_check(now=datetime(2100, 1, 1, tzinfo=UTC)) == []
    assert len({one.rows for one in made}) > 1


def _write(
    user: User, stop: threading.Event, failed: Callable[[Exception], None]
) -> None:
    """Replace the series again and again, and add people in pairs."""
    request = SimulationRequest(
        symbol="BTC/USDT",
        timeframe=Timeframe.H1,
        start=datetime(2024, 1, 1, tzinfo=UTC),
        end=datetime(2024, 1, 21, tzinfo=UTC),
    )
    number = 0
    try:
        while not stop.is_set():
            number += 1
            with transaction.atomic():
                User.objects.create(username=f"left-{number}")
                User.objects.create(username=f"right-{number}")
            simulated_import(actor=user, request=request, now=timezone.now())
    except Exception as error:
        failed(error)
        raise
    finally:
        connections.close_all()


def test_files_that_are_in_the_bucket_alone_are_saved_and_put_back(
    bucket: Bucket, user: User, shelf: Path, tmp_path: Path
) -> None:
    series = series_make(user)
    # As on a machine that never had the file.
    bucket.other_machine(tmp_path / "other")
    archive = backup(shelf)
    destroy()
    bucket.delete(series.path)

    run("restore", archive)

    assert series.path in bucket.paths()
    assert data_check(now=datetime(2100, 1, 1, tzinfo=UTC)) == []


def test_a_capture_comes_back(world: str, shelf: Path) -> None:
    capture = BookCapture.objects.get()
    archive = backup(shelf)
    destroy()
    run("restore", archive)

    path = Path(settings.DATA_DIR) / BookCapture.objects.get().path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == capture.sha256

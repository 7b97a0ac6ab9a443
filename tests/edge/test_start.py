"""A start on a database that cannot be served on: one clear line, and no secret."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.edge.servers import ROOT, environment, free_port, manage, postgres_run

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # noqa: S105
SERVER = (sys.executable, "-m", "gunicorn", "config.asgi:application")


@pytest.mark.parametrize("command", ["run_worker", "run_service"])
def test_nothing_is_run_on_a_database_without_its_tables(
    tmp_path: Path, command: str
) -> None:
    done = manage(environment(tmp_path), command)

    assert done.returncode == 1
    assert "older than this release" in done.stderr
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_web_processes_are_not_started_on_a_database_without_its_tables(
    tmp_path: Path,
) -> None:
    bind = f"127.0.0.1:{free_port()}"
    done = subprocess.run(  # noqa: S603 - our own command
        [*SERVER, "--config", "config/gunicorn.conf.py", "--bind", bind],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "older than this release" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (f"postgres://me:{SECRET}#x@127.0.0.1/parallax", "cannot be read"),
        (f"postgres://me:{SECRET}@127.0.0.1:{SECRET}/x", "cannot be read"),
        (f"postgres://me:{SECRET}@[127.0.0.1/x", "cannot be read"),
        (f"postgres://me:{SECRET}@127.0.0.1", "cannot be read"),
        (f"mysql://me:{SECRET}@127.0.0.1/parallax", "give postgres://"),
        (SECRET, "give postgres://"),
        (f"postgres://me:{SECRET}@nowhere.invalid/parallax", "nowhere.invalid"),
        (f"postgres://me:{SECRET}@127.0.0.1:1/parallax", "port 1 failed"),
        (f"postgres://me:{SECRET}@127.0.0.1:1/parallax?colour=blue", "colour"),
        ("sqlite:////nowhere/at/all.sqlite3", "unable to open database file"),
    ],
)
def test_an_address_that_is_wrong_is_named_without_its_password(
    tmp_path: Path, address: str, says: str
) -> None:
    done = manage(environment(tmp_path, DATABASE_URL=address), "run_worker")

    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_what_postgresql_refuses_is_named_without_the_password(tmp_path: Path) -> None:
    with postgres_run() as postgres:
        postgres.guard("guarded")
        for command, name, says in (
            ("run_worker", "missing", 'database "missing" does not exist'),
            ("migrate", "guarded", "password authentication failed for user"),
        ):
            address = postgres.url(name=name, password=SECRET)
            done = manage(environment(tmp_path, DATABASE_URL=address), command)

            assert done.returncode == 1
            assert says in done.stderr
            assert "Traceback" not in done.stderr
            assert SECRET not in done.stdout + done.stderr

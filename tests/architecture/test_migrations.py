"""Migrations: what they do to tables that are in use, and that there is a way back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django_migration_linter import MigrationLinter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.migrations import Migration
    from django_migration_linter.sql_analyser.base import Issue

ROOT = Path(__file__).parents[2]
OURS = sorted(
    config.label
    for config in apps.get_app_configs()
    # A room without models has no tables.
    if config.name.startswith("apps.") and (Path(config.path) / "migrations").is_dir()
)
# Written before the first release: no installation has rows that they could lock, or
# processes of an older release beside them. Later ones are mended, not listed here.
BEFORE_THE_FIRST_RELEASE = {
    ("analysis", "0002_parity"),
    ("jobs", "0002_finished_index"),
}


class _Linter(MigrationLinter):
    """Keeps what it finds; a warning counts as much as an error."""

    def __init__(self) -> None:
        super().__init__(
            include_apps=OURS,
            no_cache=True,
            no_output=True,
            all_warnings_as_errors=True,
        )
        self.found: dict[tuple[str, str], list[str]] = {}

    def lint_migration(self, migration: Migration) -> None:
        """Remember which migration is being looked at."""
        self._at = (migration.app_label, migration.name)
        super().lint_migration(migration)

    def print_errors(self, errors: list[Issue]) -> None:
        """Keep them."""
        self.found[self._at] = [str(issue.message) for issue in errors]


@pytest.mark.django_db
def test_no_migration_locks_a_large_table_or_breaks_the_release_before_it() -> None:
    if connection.vendor != "postgresql":
        pytest.skip(
            "SQLite makes a table anew for each change; PostgreSQL's SQL counts"
        )
    linter = _Linter()
    linter.lint_all_migrations()

    assert linter.found.keys() == BEFORE_THE_FIRST_RELEASE, linter.found


THERE_AND_BACK = """
import django, json, sys
django.setup()
from django.core.management import call_command
from django.db import connection

ours = sys.argv[1:]

def shape():
    inspect = connection.introspection
    with connection.cursor() as cursor:
        return {
            name: [
                sorted(one.name for one in inspect.get_table_description(cursor, name)),
                sorted(inspect.get_constraints(cursor, name)),
            ]
            for name in inspect.table_names(cursor)
            if name.split("_")[0] in ours
        }

call_command("migrate", verbosity=0)
before = shape()
for label in ours:
    call_command("migrate", label, "zero", verbosity=0)
left = shape()
call_command("migrate", verbosity=0)
print(json.dumps([len(before), sorted(left), before == shape()]))
"""


@contextmanager
def _empty_database(folder: Path) -> Iterator[str]:
    """Give the address of a database of the same kind as the one at hand."""
    if connection.vendor != "postgresql":
        yield f"sqlite:///{folder / 'empty.sqlite3'}"
        return
    at = connection.settings_dict
    name = f"parallax_back_{os.getpid()}"
    where = f"{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT'] or 5432}"
    with psycopg.connect(f"postgres://{where}/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"postgres://{where}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.django_db
def test_every_migration_can_be_taken_back_and_applied_again(tmp_path: Path) -> None:
    with _empty_database(tmp_path) as address:
        changed = {
            "DATABASE_URL": address,
            "DATA_DIR": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", THERE_AND_BACK, *OURS],
            cwd=ROOT,
            env=os.environ | changed,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    tables, left, same = json.loads(done.stdout.splitlines()[-1])
    assert tables > len(OURS)
    assert (left, same) == ([], True)

"""What both databases have in common when they are saved and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from django.apps import apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from apps.core.backup.postgresql import PostgresqlDatabase
from apps.core.backup.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from apps.core.backup.archive import ArchiveReader, ArchiveWriter
    from apps.core.backup.manifest import Table

# Tokens in plain text, sessions, and parcels of the queue: people sign in again, and the
# reaper of the jobs sends on their way those that wait. API keys as well: one that was
# revoked after the backup would open the door again. What readers of streams were to be
# told: after a return, each of them begins anew.
LEFT_OUT = frozenset(
    {
        "authtoken.Token",
        "core.OutboxEvent",
        "django_tasks_database.DBTaskResult",
        "sessions.Session",
        "users.ApiKey",
    }
)
# What `migrate` itself fills.
BUILT_IN = frozenset({"django_migrations", "django_content_type", "auth_permission"})


class Database(Protocol):
    """A database that can be saved as a whole, and brought back."""

    def snapshot(self) -> AbstractContextManager[None]:
        """See the database as it is at this moment, with all queries, until the end."""

    def dump(self, writer: ArchiveWriter, left_out: list[str]) -> dict[str, Table]:
        """Write all rows into the archive, and return how many of each table."""

    def sequences(self) -> dict[str, int | None]:
        """Return the last values of sequences that are no part of the rows."""

    def load(self, reader: ArchiveReader) -> None:
        """Replace all tables by those of the archive.

        Raises:
            RestoreFailed: What was written is not what the archive says.
        """


def database_get() -> Database:
    """Return the database that is configured."""
    if connection.vendor == "postgresql":
        return PostgresqlDatabase()
    return SqliteDatabase()


def database_name() -> str:
    """Return the database's name, as a person calls it."""
    return str(connection.settings_dict["NAME"]).rsplit("/", 1)[-1]


def tables_left_out() -> list[str]:
    """Return the tables whose rows are not saved."""
    models = (one._meta for one in apps.get_models())
    return sorted(one.db_table for one in models if one.label in LEFT_OUT)


def migrations_applied() -> list[str]:
    """Return all migrations that the database has, as `app.name`, sorted."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(".".join(one) for one in applied)


def tables_with_rows() -> list[str]:
    """Return the tables that have rows of people."""
    with connection.cursor() as cursor:
        found = []
        for table in sorted(set(connection.introspection.table_names()) - BUILT_IN):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name})")  # noqa: S608
            if cursor.fetchone()[0]:
                found.append(table)
    return found

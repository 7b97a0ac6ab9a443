"""PostgreSQL: every table by COPY, out of one snapshot and back in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from apps.core.backup.archive import BLOCK
from apps.core.backup.errors import RestoreFailed
from apps.core.backup.manifest import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.core.backup.archive import ArchiveReader, ArchiveWriter

RECORDS = "django_migrations"
# A large table takes longer than any statement of the service may.
UNBOUNDED = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '20s'",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)


class PostgresqlDatabase:
    """The server's database."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See the database as it is now; that holds up no writer."""
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for setting in UNBOUNDED:
                cursor.execute(setting)
            yield

    def dump(self, writer: ArchiveWriter, left_out: list[str]) -> dict[str, Table]:
        """Write each table as one member."""
        found = {}
        with connection.cursor() as cursor:
            ours = connection.introspection.django_table_names(only_existing=True)
            for name in sorted(set(ours) - {*left_out, RECORDS}):
                table = Table(0, _columns(cursor, name))
                query = f"COPY {_target(name, table)} TO STDOUT"
                with connection.wrap_database_errors, cursor.copy(query) as copy:
                    writer.add_packed(_member(name), copy)
                table.rows = cursor.rowcount
                found[name] = table
        return found

    def sequences(self) -> dict[str, int | None]:
        """Return the last values of all sequences; none of them goes back."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sequencename, last_value FROM pg_sequences "
                "WHERE schemaname = current_schema() ORDER BY sequencename"
            )
            return dict(cursor.fetchall())

    def load(self, reader: ArchiveReader) -> None:
        """Make the archive's schema by its migrations, and fill it.

        Raises:
            RestoreFailed: The migrations do not lead there, or rows are missing.
        """
        _drop()
        _migrate(reader.manifest.migrations)
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            for setting in UNBOUNDED:
                cursor.execute(setting)
            self._fill(cursor, reader)

    def _fill(self, cursor: Any, reader: ArchiveReader) -> None:
        tables = reader.manifest.tables
        names = ", ".join(map(_quote, tables))
        # Migrations may have made rows of their own, which are in the archive as well.
        cursor.execute(f"TRUNCATE {names} CASCADE")
        # Foreign keys are deferred to the commit, so that any order will do.
        for name, table in tables.items():
            query = f"COPY {_target(name, table)} FROM STDIN"
            with (
                connection.wrap_database_errors,
                reader.unpacked(_member(name)) as rows,
                cursor.copy(query) as copy,
            ):
                while block := rows.read(BLOCK):
                    copy.write(block)
            if cursor.rowcount != table.rows:
                msg = f"{name} has {cursor.rowcount:,} rows instead of {table.rows:,}."
                raise RestoreFailed(msg)
        for name, last in reader.manifest.sequences.items():
            if last is not None:
                cursor.execute("SELECT setval(%s, %s)", [_quote(name), last])


def _drop() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        names = ", ".join(map(_quote, _tables(cursor)))
        if names:
            cursor.execute(f"DROP TABLE {names} CASCADE")


def _migrate(applied: list[str]) -> None:
    """Bring an empty database to where some migrations lead."""
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, _, name in (one.partition(".") for one in applied)}
    nodes = executor.loader.graph.node_map
    inner = {
        (parent.key[0], parent.key[1])
        for key in wanted & nodes.keys()
        for parent in nodes[key].parents
        if parent.key[0] == key[0]
    }
    executor.migrate(sorted(wanted - inner))
    reached = set(executor.recorder.applied_migrations())
    if reached != wanted:
        odd = ", ".join(".".join(one) for one in sorted(reached ^ wanted))
        msg = f"The migrations do not lead to the archive's schema; see {odd}."
        raise RestoreFailed(msg)


def _tables(cursor: Any) -> list[str]:
    found = connection.introspection.get_table_list(cursor)
    return [table.name for table in found if table.type == "t"]


def _columns(cursor: Any, table: str) -> list[str]:
    found = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in found]


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)


def _target(name: str, table: Table) -> str:
    return f"{_quote(name)} ({', '.join(map(_quote, table.columns))})"


def _member(table: str) -> str:
    return f"tables/{table}.gz"

"""What the database itself refuses, beyond what a constraint can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.migrations import RunPython

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def append_only(table: str) -> RunPython:
    """Return a migration's step: rows of a table are never changed.

    PostgreSQL refuses to delete them as well; SQLite's rows are deleted by a restore.
    """
    return _trigger(
        table,
        "append_only",
        events={"sqlite": "UPDATE", "postgresql": "UPDATE OR DELETE"},
        when="true",
        message=f"rows of {table} are never changed",
    )


def steps_only(
    table: str, column: str, allowed: Sequence[tuple[str, str]]
) -> RunPython:
    """Return a migration's step: a column goes from value to value as a table says.

    Args:
        table: The table.
        column: Its column; to write the same value again is no step.
        allowed: Each pair of a value and one that may follow it; plain words.
    """
    pairs = " OR ".join(
        f"(OLD.{column} = '{before}' AND NEW.{column} = '{after}')"
        for before, after in allowed
    )
    event = f"UPDATE OF {column}"
    return _trigger(
        table,
        "steps",
        events={"sqlite": event, "postgresql": event},
        when=f"NEW.{column} <> OLD.{column} AND NOT ({pairs})",
        message=f"{table}.{column} may not go from the one to the other",
    )


def _trigger(
    table: str, name: str, *, events: Mapping[str, str], when: str, message: str
) -> RunPython:
    """Return the step that makes a trigger, and drops it on the way back.

    Args:
        table: Whose rows it looks at.
        name: What it is called, after the table.
        events: What it comes before, by the database's vendor.
        when: The condition under which it refuses.
        message: What it refuses with.
    """
    made = f"{table}_{name}"

    def make(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        vendor = schema_editor.connection.vendor
        if vendor == "sqlite":
            does = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        else:
            # A function outlives its table: a restore drops the tables alone. The error
            # is that of a check that failed: Django makes an IntegrityError of it.
            schema_editor.execute(
                f"CREATE OR REPLACE FUNCTION {made}() RETURNS trigger "
                f"LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}' "
                "USING ERRCODE = 'check_violation'; END $$"
            )
            does = f"EXECUTE FUNCTION {made}()"
        schema_editor.execute(
            f"CREATE TRIGGER {made} BEFORE {events[vendor]} ON {table} FOR EACH ROW "
            f"WHEN ({when}) {does}"
        )

    def drop(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {made}")
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {made} ON {table}")
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {made}()")

    return RunPython(make, drop, elidable=False)

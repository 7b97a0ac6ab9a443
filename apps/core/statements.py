"""Rows of several models written at once, by statements whose text is made once.

The ORM makes the text of a statement anew each time, which takes several times as long as
running it. Values are converted by the models' own fields, as the ORM does; constraints
and triggers are the database's. No signal is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import batched, groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import (
    AutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    PositiveBigIntegerField,
    PositiveIntegerField,
    TextField,
    UUIDField,
)
from django.db.transaction import TransactionManagementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Model

_PLAIN: dict[type[Any], type] = {
    CharField: str,
    TextField: str,
    BooleanField: bool,
    PositiveIntegerField: int,
    PositiveBigIntegerField: int,
    BigIntegerField: int,
}
# What PostgreSQL takes as it is besides.
_NATIVE: dict[type[Any], type] = {UUIDField: UUID, DateTimeField: datetime}
# So that no statement grows without end, and few texts are kept.
_ROWS_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement to be run, and how many rows it has to touch."""

    sql: str
    params: tuple[Any, ...]
    rows: int


def inserts(*rows: Model) -> Iterator[Statement]:
    """Give the statements that insert rows: one for those of a model that follow each other.

    A key that the database makes is not written, and not told: see `row_insert`.
    """
    for _, same in groupby(rows, key=type):
        for some in batched(same, _ROWS_AT_ONCE):
            yield _insert(some)


def upserts(
    rows: Sequence[Model], *, unique: tuple[str, ...], update: tuple[str, ...]
) -> Statement:
    """Return the statement that inserts rows of one model, or changes those that are there.

    Args:
        rows: At least one, in the order in which they are locked.
        unique: The fields by which one is there already.
        update: The fields that are then changed.
    """
    made = _insert(rows)
    return Statement(
        made.sql + _conflict(type(rows[0]), unique, update), made.params, made.rows
    )


def update(row: Model, *names: str) -> Statement:
    """Return the statement that writes some fields of a row that is there."""
    model = type(row)
    fields = [_field(model, name) for name in names]
    database = connections[DEFAULT_DB_ALIAS]
    values = ((one, one.pre_save(row, False)) for one in fields)  # noqa: FBT003
    params = [one.get_db_prep_save(value, database) for one, value in values]
    key = model._meta.pk.get_db_prep_save(row.pk, database)
    return Statement(_update_sql(model, names), (*params, key), 1)


def statements_run(*statements: Statement) -> None:
    """Run statements in order, in the caller's transaction; PostgreSQL is asked once.

    Raises:
        TransactionManagementError: There is no transaction: some would be run, some not.
        DatabaseError: One touched more or fewer rows than it should.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if not database.in_atomic_block:
        msg = "Several statements are run in a transaction."
        raise TransactionManagementError(msg)
    if not statements:
        return
    together = database.vendor == "postgresql"
    with database.cursor() as cursor:
        if together:
            # psycopg puts the values in itself, so that the text may be several statements.
            # It remembers where they go in each, but not in a text as long as all of them.
            with database.wrap_database_errors:
                texts = [cursor.mogrify(one.sql, one.params) for one in statements]
            cursor.execute("; ".join(texts))
        for place, one in enumerate(statements):
            if not together:
                cursor.execute(one.sql, one.params)
            elif place:
                cursor.nextset()
            if cursor.rowcount != one.rows:
                msg = f"{cursor.rowcount} rows instead of {one.rows}: {one.sql}"
                raise DatabaseError(msg)


def statements_leave(later: list[Statement] | None, *statements: Statement) -> None:
    """Leave statements to a caller who has more to write; run them where nobody has.

    Args:
        later: Takes them: whoever made it runs them in the same transaction, before
            anything of what they write is read. None: they are run at once.
        statements: In their order.
    """
    if later is None:
        statements_run(*statements)
    else:
        later.extend(statements)


def rows_insert(*rows: Model) -> None:
    """Insert rows of any models in the caller's transaction, in one round trip."""
    statements_run(*inserts(*rows))


def row_insert(row: Model, *, once: tuple[str, ...] = ()) -> bool:
    """Insert a row whose key the database makes, and set that key.

    Args:
        row: It.
        once: Unique fields; where there is a row of the same already, nothing is written,
            and the transaction goes on.

    Returns:
        Whether it was written.
    """
    model, made = type(row), _insert((row,))
    nothing = f" ON CONFLICT ({_columns(model, once)}) DO NOTHING" if once else ""
    returning = f" RETURNING {_quoted(model._meta.pk.column)}"
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(made.sql + nothing + returning, made.params)
        found = cursor.fetchone()
    if found is None:
        row._state.adding = True
        return False
    row.pk = found[0]
    return True


def _insert(rows: Sequence[Model]) -> Statement:
    model = type(rows[0])
    database = connections[DEFAULT_DB_ALIAS]
    columns = _columns_of(model, database.vendor)
    params: list[Any] = []
    for row in rows:
        for field, name, plain in columns:
            value: Any = getattr(row, name) if name else field.pre_save(row, True)  # noqa: FBT003 - Django's own signature
            if value is None and field.is_relation:
                # Perhaps what it names was inserted since.
                named = field.get_cached_value(row, default=None)
                if named is not None:
                    value = named.pk
                    setattr(row, field.name, named)
            # A time without a zone is one that Django warns of.
            as_is = type(value) is plain and (
                plain is not datetime or value.tzinfo is not None
            )
            if value is not None and not as_is:
                value = field.get_db_prep_save(value, database)
            params.append(value)
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return Statement(_insert_sql(model, len(rows)), tuple(params), len(rows))


@cache
def _insert_fields(model: type[Model]) -> tuple[Any, ...]:
    """Return the fields to be written: all but a key that the database makes."""
    fields = model._meta.concrete_fields
    return tuple(one for one in fields if not isinstance(one, AutoField))


@cache
def _columns_of(model: type[Model], vendor: str) -> tuple[tuple[Any, str, Any], ...]:
    """Return how the fields to be written are read and converted.

    Each with its attribute, empty where saving changes it, and the type of values that
    the database takes as they are.
    """
    as_is = _PLAIN | (_NATIVE if vendor == "postgresql" else {})
    columns = []
    for one in _insert_fields(model):
        # A key of another row is converted as that row's own is.
        target = one.target_field if one.is_relation else one
        read = type(one).pre_save is Field.pre_save and not one.has_db_default()
        columns.append((one, one.attname if read else "", as_is.get(type(target))))
    return tuple(columns)


@cache
def _insert_sql(model: type[Model], rows: int) -> str:
    fields = _insert_fields(model)
    row = f"({', '.join(['%s'] * len(fields))})"
    columns = ", ".join(_quoted(one.column) for one in fields)
    table = _quoted(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * rows)}"  # noqa: S608


@cache
def _conflict(
    model: type[Model], unique: tuple[str, ...], update: tuple[str, ...]
) -> str:
    by = _columns(model, unique)
    columns = [_quoted(_field(model, name).column) for name in update]
    changed = ", ".join(f"{one} = excluded.{one}" for one in columns)
    return f" ON CONFLICT ({by}) DO UPDATE SET {changed}"


@cache
def _columns(model: type[Model], names: tuple[str, ...]) -> str:
    return ", ".join(_quoted(_field(model, name).column) for name in names)


@cache
def _update_sql(model: type[Model], names: tuple[str, ...]) -> str:
    columns = (_quoted(_field(model, name).column) for name in names)
    changed = ", ".join(f"{one} = %s" for one in columns)
    meta = model._meta
    return f"UPDATE {_quoted(meta.db_table)} SET {changed} WHERE {_quoted(meta.pk.column)} = %s"  # noqa: S608


@cache
def _field(model: type[Model], name: str) -> Any:
    return model._meta.get_field(name)


def _quoted(name: str | None) -> str:
    # Both databases quote names in the same way.
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(str(name))

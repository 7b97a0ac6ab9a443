"""Querysets that are compiled once and read often, as on the way of an order.

The ORM makes the text of a statement anew each time, which takes several times as long as
running it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression
from django.db.transaction import TransactionManagementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field, Model, QuerySet

    from apps.core.statements import Statement


class Slot(Expression):
    """A place in a compiled queryset for a value that each run gives.

    Args:
        name: The value's name.
        field: What kind of value it is, as the model has it.
    """

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002
        """Return a placeholder, and itself as what has to be put there."""
        return "%s", [self]

    def value(self, values: dict[str, Any], database: BaseDatabaseWrapper) -> Any:
        """Return what the database is given."""
        return self.output_field.get_db_prep_value(values[self.name], database)


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    params: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]
    locks: bool


class Reading[M: Model]:
    """A queryset that is compiled at its first run.

    Args:
        make: Makes it, with a `Slot` for each value that is not always the same. Without
            `select_related`; columns come in the order of the model or of `values_list`.
    """

    def __init__(self, make: Callable[[], QuerySet[M, Any]]) -> None:
        self._make = make
        self._compiled: dict[str, _Compiled] = {}
        self._model: type[M] | None = None
        self._names: tuple[str, ...] = ()

    def objects(self, **values: Any) -> list[M]:
        """Return the rows as models.

        Args:
            values: Of the slots, by name.
        """
        return self.made(self.rows(**values))

    def made(self, rows: list[list[Any]]) -> list[M]:
        """Return rows of this reading as models."""
        if not rows or self._model is None:
            return []
        return [self._model.from_db(DEFAULT_DB_ALIAS, self._names, one) for one in rows]

    def rows(self, **values: Any) -> list[list[Any]]:
        """Return the rows as lists of values.

        Args:
            values: Of the slots, by name.

        Raises:
            TransactionManagementError: It locks rows, and there is no transaction.
        """
        (rows,) = readings_run((self, values))
        return rows

    def prepared(
        self, values: dict[str, Any], database: BaseDatabaseWrapper
    ) -> tuple[str, Sequence[Any]]:
        """Return the statement's text and what is put into it.

        Raises:
            TransactionManagementError: It locks rows, and there is no transaction.
        """
        made = self._compiled.get(database.vendor) or self._compile(database)
        if made.locks and not database.in_atomic_block:
            msg = "Rows are locked in a transaction."
            raise TransactionManagementError(msg)
        return made.sql, [
            one.value(values, database) if isinstance(one, Slot) else one
            for one in made.params
        ]

    def converted(
        self, found: Iterable[Sequence[Any]], database: BaseDatabaseWrapper
    ) -> list[list[Any]]:
        """Return what the database gave as the values of the model's fields."""
        rows = [list(row) for row in found]
        for place, converters, expression in self._compiled[database.vendor].converters:
            for row in rows:
                for convert in converters:
                    row[place] = convert(row[place], expression, database)
        return rows

    def _compile(self, database: BaseDatabaseWrapper) -> _Compiled:
        query = self._make().query
        compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([one for one, *_ in compiler.select])
        model = cast("type[M]", query.model)
        self._model = model
        self._names = tuple(one.attname for one in model._meta.concrete_fields)
        made = _Compiled(
            sql,
            tuple(params),
            tuple((place, tuple(how), of) for place, (how, of) in converters.items()),
            query.select_for_update and database.features.has_select_for_update,
        )
        self._compiled[database.vendor] = made
        return made


def readings_run(
    *asked: tuple[Reading[Any], dict[str, Any]], first: Statement | None = None
) -> list[list[list[Any]]]:
    """Run readings one after the other; PostgreSQL is asked once.

    Each is a statement of its own: it sees what was committed before it began, also while
    one before it waited for a lock.

    Args:
        asked: Each with the values of its slots.
        first: Run before them, as by it rows are locked. Where it does not touch as many
            as it says, nothing is read: what came after it is locked by nobody.

    Raises:
        TransactionManagementError: One locks rows, and there is no transaction.

    Returns:
        The rows of each, as lists of values; none where `first` missed.
    """
    database = connections[DEFAULT_DB_ALIAS]
    texts: list[tuple[str, Sequence[Any]]]
    texts = [] if first is None else [(first.sql, first.params)]
    begun = len(texts)
    texts += [one.prepared(values, database) for one, values in asked]
    together = len(texts) > 1 and database.vendor == "postgresql"
    told: list[list[list[Any]]] = []
    with database.cursor() as cursor:
        if together:
            with database.wrap_database_errors:
                made = [cursor.mogrify(*one) for one in texts]
            cursor.execute("; ".join(made))
        for place, text in enumerate(texts):
            if not together:
                cursor.execute(*text)
            elif place:
                cursor.nextset()
            if first is not None and place == 0:
                if cursor.rowcount != first.rows:
                    return [[] for _ in asked]
            else:
                reading, _ = asked[place - begun]
                told.append(reading.converted(cursor.fetchall(), database))
    return told

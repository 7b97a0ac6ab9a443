"""Triggers: what the database refuses, whoever asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.triggers import append_only, steps_only

if TYPE_CHECKING:
    from django.db.migrations import RunPython

pytestmark = pytest.mark.django_db
WORDS = ("draft", "sent", "done")


def sql(text: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(autouse=True)
def _hoard() -> None:
    # Taken back with the test's transaction, on both databases.
    sql("CREATE TABLE hoard (number integer PRIMARY KEY, state varchar(8), note text)")
    for number, word in enumerate(WORDS):
        sql("INSERT INTO hoard VALUES (%s, %s, '')", number, word)


def make(step: RunPython, *, back: bool = False) -> None:
    editor = SimpleNamespace(connection=connection, execute=sql)
    code: Any = step.reverse_code if back else step.code
    code(None, editor)


def refused(text: str, *values: Any) -> bool:
    try:
        with transaction.atomic():
            sql(text, *values)
    except IntegrityError:
        return True
    return False


def test_rows_that_are_append_only_are_never_changed() -> None:
    step = append_only("hoard")
    make(step)
    assert refused("UPDATE hoard SET note = 'x' WHERE number = 1")
    # Not even to what they are.
    assert refused("UPDATE hoard SET note = note")
    assert refused("DELETE FROM hoard") is (connection.vendor == "postgresql")
    sql("INSERT INTO hoard VALUES (9, 'draft', 'another')")
    make(step, back=True)
    assert not refused("UPDATE hoard SET note = 'x'")


def test_a_column_goes_only_the_steps_that_are_allowed() -> None:
    allowed = [("draft", "sent"), ("sent", "done")]
    step = steps_only("hoard", "state", allowed)
    make(step)
    for number, before in enumerate(WORDS):
        for after in WORDS:
            may = before == after or (before, after) in allowed
            text = "UPDATE hoard SET state = %s WHERE number = %s"
            assert refused(text, after, number) is not may, (before, after)
            if before != after and may:
                # Back again, past the trigger.
                make(step, back=True)
                sql(text, before, number)
                make(step)
    # Other columns are free; several rows at once are not let through.
    assert not refused("UPDATE hoard SET note = 'x'")
    assert refused("UPDATE hoard SET state = 'draft'")
    make(step, back=True)
    assert not refused("UPDATE hoard SET state = 'draft'")

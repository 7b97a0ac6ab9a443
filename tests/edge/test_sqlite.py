"""A SQLite file that somebody else is writing to."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from django.db import connection

from apps.core.models import IdempotencyRecord
from apps.core.tests.answers import client_of, error_of
from apps.strategies.models import Strategy
from apps.users.tests.factories import UserFactory

STRATEGIES = "/api/v1/strategies/"


@pytest.mark.django_db(transaction=True)
def test_a_locked_file_is_503_leaves_nothing_half_done_and_can_be_tried_again() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the database is not SQLite")
    client = client_of(UserFactory.create())
    body, headers = {"template": "sma_cross"}, {"Idempotency-Key": "k1"}
    with connection.cursor() as cursor:
        # In life it is 20 s.
        cursor.execute("PRAGMA busy_timeout=100")

    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = client.post(STRATEGIES, body, headers=headers)
        other.rollback()

    assert error_of(refused, 503).code == "database_unavailable"
    assert int(refused["Retry-After"]) > 0
    assert not Strategy.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert client.post(STRATEGIES, body, headers=headers).status_code == 201

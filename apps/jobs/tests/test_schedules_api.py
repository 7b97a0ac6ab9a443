"""Schedules over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rest_framework.test import APIClient

from apps.jobs.models import Schedule
from apps.jobs.tests.factories import user_make

if TYPE_CHECKING:
    from apps.users.models import User

URL = "/api/v1/schedules/"
PAYLOAD = {
    "exchange": "binance",
    "symbols": ["btc/usdt"],
    "timeframe": "1h",
    "start": "2024-01-01T00:00:00Z",
}
BODY: dict[str, Any] = {
    "name": "BTC every hour",
    "kind": "candles.backfill",
    "every_seconds": 3600,
    "payload": PAYLOAD,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> User:
    """Whose schedules they are."""
    return user_make()


@pytest.fixture
def client(actor: User) -> APIClient:
    """Their client."""
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(actor)
    return signed_in


def body(**changes: Any) -> dict[str, Any]:
    return BODY | changes


def test_a_schedule_is_made_read_changed_and_deleted(client: APIClient) -> None:
    made = client.post(URL, body())
    assert made.status_code == 201, made.content
    told = made.json()
    assert told["payload"]["symbols"] == ["BTC/USDT"]
    assert told["payload"]["end"] is None
    where = told["_links"]["self"]

    assert client.get(where).json() == told
    assert [one["id"] for one in client.get(URL).json()["results"]] == [told["id"]]

    changed = client.patch(where, {"every_seconds": 600, "enabled": False}).json()
    assert (changed["every_seconds"], changed["enabled"]) == (600, False)
    assert client.get(URL, {"enabled": "true"}).json()["results"] == []

    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_the_same_key_makes_one_schedule(client: APIClient) -> None:
    first = client.post(URL, body(), headers={"Idempotency-Key": "k"})
    again = client.post(URL, body(), headers={"Idempotency-Key": "k"})
    assert first.content == again.content
    assert Schedule.objects.count() == 1


def test_work_of_other_kinds_is_refused_with_those_that_can_be(
    client: APIClient,
) -> None:
    answer = client.post(URL, body(kind="candles.import"))
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("schedule_kind_unknown", "kind")
    assert "candles.backfill" in error["detail"]


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"payload": {"exchange": "binance"}}, "symbols"),
        ({"payload": PAYLOAD | {"end": "2024-02-01T00:00:00Z"}}, "end"),
        ({"payload": PAYLOAD | {"replace": True}}, "replace"),
        ({"payload": PAYLOAD | {"password": "x"}}, "password"),
        ({"every_seconds": 59}, "every_seconds"),
        ({"every_seconds": "often"}, "every_seconds"),
        ({"name": ""}, "name"),
        ({"speed": 1}, "speed"),
    ],
    ids=["symbols", "end", "replace", "unknown", "short", "text", "name", "field"],
)
def test_what_cannot_be_is_refused_by_its_name(
    client: APIClient, changes: dict[str, Any], attr: str
) -> None:
    answer = client.post(URL, body(**changes))
    assert answer.status_code == 400
    assert attr in {error["attr"].split(".")[-1] for error in answer.json()["errors"]}
    assert Schedule.objects.count() == 0


def test_a_schedule_of_somebody_else_answers_404(client: APIClient) -> None:
    where = client.post(URL, body()).json()["_links"]["self"]
    other = APIClient()
    other.force_authenticate(user_make("grace"))
    assert other.get(where).status_code == 404
    assert other.patch(where, {"enabled": False}).status_code == 404
    assert other.delete(where).status_code == 404
    assert other.get(URL).json()["results"] == []


def test_nobody_reads_schedules_without_signing_in() -> None:
    assert APIClient().get(URL).status_code == 401

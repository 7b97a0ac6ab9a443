"""Server-sent events: the same as on a WebSocket, and refusals before they begin."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import AsyncClient, Client
from django.utils import timezone

from apps.core.outbox.pruning import outbox_prune
from apps.core.tests.answers import error_of
from apps.stream import sse
from apps.stream.hub import hub, streams_close
from apps.stream.latest import latest_store
from apps.stream.messages import SERVER_MESSAGE
from apps.stream.tests.sockets import events_record, in_a_loop, in_db, opened, token_of
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_django import Settings

    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

TICKERS = "tickers:simulated"
EVENTS = "/api/v1/events/"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


class Stream:
    """One answer as it is read.

    Args:
        user: Who reads.
        query: What is asked for.
        last: The last number that was seen, as a browser sends it.
    """

    def __init__(self, user: User, query: str, last: int | None = None) -> None:
        self._user, self._query, self._last = user, query, last
        self.id: str | None = None
        self.parts: AsyncIterator[bytes]

    async def __aenter__(self) -> Stream:
        headers = {"Authorization": f"Token {await in_db(token_of, self._user)}"}
        if self._last is not None:
            headers["Last-Event-ID"] = str(self._last)
        answer = await AsyncClient().get(f"{EVENTS}?{self._query}", headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (
            200,
            "text/event-stream",
        )
        assert answer["Cache-Control"] == "no-store"
        self.parts = aiter(answer)  # type: ignore[arg-type]  # streams; stubs do not
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self.parts.aclose()  # type: ignore[attr-defined]

    async def block(self) -> dict[str, str]:
        """Return the next block, by field, as a browser reads it."""
        text = (await asyncio.wait_for(anext(self.parts), 5)).decode()
        assert text.endswith("\n\n")
        fields = dict(line.split(": ", 1) for line in text.strip().splitlines())
        self.id = fields.get("id", self.id)
        return fields

    async def hear(self, kind: str | None = None) -> dict[str, Any]:
        """Return the next message, or the next of a kind."""
        while True:
            fields = await self.block()
            if "data" in fields:
                message: dict[str, Any] = json.loads(fields["data"])
                SERVER_MESSAGE.validate_python(message)
                assert fields["event"] == message["type"]
                if kind in (None, message["type"]):
                    return message


@in_a_loop
async def test_events_come_with_their_number_as_id(user: User) -> None:
    await in_db(events_record, user.pk, 1, 2)
    async with Stream(user, "topics=jobs&after=0") as stream:
        begin = await stream.block()
        assert (begin["id"], begin["retry"]) == ("0", str(sse.RETRY_MS))
        for number in (1, 2):
            event = await stream.hear("event")
            assert (event["sequence"], event["body"]) == (number, {"n": number})
            assert stream.id == str(number)


@in_a_loop
async def test_a_stream_that_was_cut_off_before_its_first_event_misses_none(
    user: User,
) -> None:
    await in_db(events_record, user.pk, 1)
    async with Stream(user, "topics=jobs") as stream:
        assert (await stream.block())["id"] == "1"
    await in_db(events_record, user.pk, 2)
    # What the address says is what a browser began with.
    async with Stream(user, "topics=jobs&after=0", last=1) as stream:
        assert (await stream.hear("event"))["sequence"] == 2


@in_a_loop
async def test_prices_leave_the_id_as_it_was(user: User) -> None:
    await in_db(events_record, user.pk, 1)
    topic = f"{TICKERS}:A/USDT"
    async with Stream(user, f"topics=jobs,{topic}&after=0") as stream:
        await stream.hear("event")
        await latest_store().write(TICKERS, {"A/USDT": b'{"p":1}'})
        block = await stream.block()
        assert (block["event"], stream.id) == ("latest", "1")
        assert "id" not in block
        assert json.loads(block["data"])["values"] == [
            {"topic": topic, "body": {"p": 1}}
        ]


@in_a_loop
async def test_a_silent_stream_lives_and_moves_its_id_past_what_is_not_followed(
    user: User, settings: Settings
) -> None:
    settings.STREAM_HEARTBEAT_SECONDS = 0.1
    async with Stream(user, "topics=jobs") as stream:
        await in_db(events_record, user.pk, 1, topic="orders")
        for _ in range(6):
            block = await stream.block()
            assert "data" not in block
        assert stream.id == "1"


@in_a_loop
async def test_a_stream_ends_now_and_then_and_goes_on_after_its_last_event(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LONGEST_SECONDS", 0.3)
    seen: list[int] = []
    writing = asyncio.create_task(in_db(events_record, user.pk, *range(1, 41)))
    connections = 0
    while len(seen) < 40:
        connections += 1
        async with Stream(user, "topics=jobs", last=seen[-1] if seen else 0) as stream:
            while (message := await stream.hear())["type"] == "event":
                seen.append(message["sequence"])
            assert message["code"] == "renew"
    await writing
    assert seen == list(range(1, 41))
    assert connections >= 1


@in_a_loop
async def test_streams_are_told_when_the_process_ends(user: User) -> None:
    async with Stream(user, "topics=jobs") as stream:
        await stream.block()
        closing = asyncio.create_task(streams_close(2))
        assert (await stream.hear())["code"] == "going_away"
        with pytest.raises(StopAsyncIteration):
            await stream.block()
        await closing


@in_a_loop
async def test_another_users_events_are_never_told(user: User) -> None:
    other = await in_db(UserFactory.create)
    await in_db(events_record, other.pk, 1, 2, 3)
    async with Stream(user, "topics=jobs&after=0") as stream:
        await stream.block()
        await in_db(events_record, other.pk, 4)
        await in_db(events_record, user.pk, 100)
        event = await stream.hear("event")
        assert (event["sequence"], event["body"]) == (1, {"n": 100})


# --- refusals


def refused(user: User, query: str, status: int, **headers: str) -> Any:
    client = Client(headers={"Authorization": f"Token {token_of(user)}"})
    return error_of(client.get(f"{EVENTS}{query}", headers=headers), status)


def test_what_cannot_be_followed_is_refused_before_the_stream_begins(
    user: User, settings: Settings
) -> None:
    settings.STREAM_TOPICS_PER_CONNECTION = 3
    for query, code in (
        ("", "required"),
        ("?topics=", "blank"),
        ("?topics=,%20,", "invalid"),
        ("?topics=jobs&after=x", "invalid"),
        ("?topics=jobs&after=-1", "min_value"),
        ("?topics=job", "topic_unknown"),
        ("?topics=tickers:binanse:A", "exchange_unknown"),
        ("?topics=jobs,a,b,c", "too_many_topics"),
    ):
        assert refused(user, query, 400).code == code, query
    assert refused(user, "?topics=jobs", 400, **{"Last-Event-ID": "x"}).attr == "after"
    near = refused(user, "?topics=job", 400)
    assert "jobs" in near.detail


def test_each_topic_that_is_refused_is_named(user: User) -> None:
    client = Client(headers={"Authorization": f"Token {token_of(user)}"})
    answer = client.get(f"{EVENTS}?topics=jobs,job,tickers:x")
    assert [one["detail"].split(":")[0] for one in answer.json()["errors"]] == [
        "job",
        "tickers",
    ]


def test_who_is_not_signed_in_follows_nothing(user: User) -> None:
    assert error_of(Client().get(f"{EVENTS}?topics=jobs"), 401).code == (
        "not_authenticated"
    )


def test_deleted_events_and_numbers_of_other_data_are_told(
    user: User, settings: Settings
) -> None:
    events_record(user.pk, 1, 2, 3)
    assert refused(user, "?topics=jobs&after=4", 409).code == "reset"
    settings.OUTBOX_KEEP_SECONDS = 1
    outbox_prune(now=timezone.now() + timedelta(seconds=60))
    lost = refused(user, "?topics=jobs&after=2", 409)
    assert (lost.code, lost.attr) == ("history_lost", "after")


@in_a_loop
async def test_one_user_may_hold_so_many_streams_of_either_kind(
    user: User, settings: Settings
) -> None:
    settings.STREAM_CONNECTIONS_PER_USER = 2
    async with opened(user), Stream(user, "topics=jobs") as stream:
        await stream.block()
        assert len(hub().readers) == 2
        assert (await in_db(refused, user, "?topics=jobs", 429)).code == (
            "too_many_connections"
        )

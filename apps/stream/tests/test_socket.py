"""The WebSocket: who is let in, what they may ask, and what they are told."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.utils import timezone
from rest_framework.authtoken.models import Token

from apps.core.outbox.models import OutboxEvent, OutboxHead
from apps.core.outbox.pruning import outbox_prune
from apps.stream import (
    conversation,
    housekeeping,
    hub as hub_module,
    socket as socket_module,
)
from apps.stream.hub import hub, hubs, streams_close
from apps.stream.latest import latest_store
from apps.stream.tails import tails_look
from apps.stream.tests.sockets import (
    HTTP,
    Socket,
    events_record,
    in_a_loop,
    in_db,
    opened,
    token_of,
)
from apps.users.models import ApiKey
from apps.users.services import api_key_create, api_key_revoke
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

TICKERS = "tickers:simulated"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def key_make(user: User, **values: Any) -> tuple[ApiKey, str]:
    given: dict[str, Any] = {
        "scopes": ["read"],
        "expires_at": None,
        "allowed_addresses": [],
    }
    return api_key_create(
        actor=user, by=None, name="test", now=timezone.now(), **given | values
    )


# --- who is let in


@in_a_loop
async def test_a_key_or_a_token_in_the_header_lets_in(user: User) -> None:
    _, key = await in_db(key_make, user)
    token = await in_db(token_of, user)
    for header in (f"Bearer {key}", f"Token {token}", f"bearer {key}"):
        socket = Socket({"authorization": header})
        assert (await socket.connect())["type"] == "websocket.accept"
        assert (await socket.hear())["type"] == "welcome"
        await socket.leave()


@in_a_loop
async def test_a_wrong_key_is_refused_before_the_connection_is_open(user: User) -> None:
    key, text = await in_db(key_make, user)
    await in_db(
        api_key_revoke, actor=user, by=None, api_key_id=key.pk, now=timezone.now()
    )
    away = (await in_db(key_make, user, allowed_addresses=["10.0.0.0/8"]))[1]
    for header in (f"Bearer {text}", f"Bearer {away}", "Token nobody", "Basic x", "?"):
        socket = Socket({"authorization": header}, extensions=HTTP)
        start = await socket.connect()
        body = json.loads((await socket.output())["body"])
        assert (start["type"], start["status"]) == (
            "websocket.http.response.start",
            401,
        )
        assert body["errors"][0]["code"] == "authentication_failed"


@in_a_loop
async def test_where_the_server_cannot_answer_a_refusal_closes(user: User) -> None:
    socket = Socket({"authorization": "Token nobody"})
    sent = await socket.connect()
    assert (sent["type"], sent["code"]) == ("websocket.close", 4401)


@in_a_loop
async def test_the_first_message_lets_in_who_can_send_no_header(user: User) -> None:
    _, key = await in_db(key_make, user)
    for text in (key, await in_db(token_of, user)):
        socket = Socket()
        await socket.connect()
        await socket.say("authenticate", token=text)
        assert (await socket.hear())["type"] == "welcome"
        await socket.say("authenticate", token=text)
        assert (await socket.hear())["code"] == "authenticated"
        await socket.leave()


@in_a_loop
async def test_a_first_message_that_does_not_say_who_ends_the_connection(
    user: User,
) -> None:
    for text in (
        '{"type": "authenticate", "token": "nobody"}',
        '{"type": "subscribe", "topics": ["jobs"]}',
        "not json",
        "",
    ):
        socket = Socket()
        await socket.connect()
        await socket.say_text(text)
        goodbye = await socket.hear()
        assert (goodbye["type"], goodbye["code"]) == (
            "goodbye",
            "authentication_failed",
        )
        assert await socket.closed() == (4401, "authentication_failed")


@in_a_loop
async def test_who_says_nothing_is_not_waited_for(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "AUTHENTICATE_SECONDS", 0.1)
    socket = Socket()
    await socket.connect()
    assert (await socket.hear())["code"] == "authentication_failed"
    assert (await socket.closed())[0] == 4401


def session_make(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@in_a_loop
async def test_a_session_lets_in_from_our_own_pages_alone(
    user: User, settings: Settings
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    settings.CSRF_TRUSTED_ORIGINS = ["https://desk.example", "https://*.our.example"]
    cookie = (
        f"other=1; {settings.SESSION_COOKIE_NAME}={await in_db(session_make, user)}"
    )

    async def welcomed(origin: str | None, **options: Any) -> bool:
        headers = {"cookie": cookie} | ({"origin": origin} if origin else {})
        socket = Socket(headers, **options)
        await socket.connect()
        known = not await socket.silent(0.2)
        await socket.leave()
        return known

    assert await welcomed("http://localhost")
    assert await welcomed("https://localhost", scheme="wss")
    assert await welcomed("https://desk.example")
    assert await welcomed("https://a.our.example")
    for origin in (
        "https://evil.example",
        "https://localhost",
        "http://localhost:81",
        "https://our.example.evil.example",
        "null",
        None,
    ):
        assert not await welcomed(origin), origin


@in_a_loop
async def test_another_host_an_open_line_and_another_path_are_refused(
    user: User, settings: Settings
) -> None:
    token = {"authorization": f"Token {await in_db(token_of, user)}"}

    async def status(socket: Socket) -> int:
        return int((await socket.connect()).get("status", 0))

    evil = Socket(token | {"host": "evil.example"}, extensions=HTTP)
    assert await status(evil) == 400
    elsewhere = Socket(token, path="/ws/v2/stream", extensions=HTTP)
    assert await status(elsewhere) == 404
    settings.SECURE_SSL_REDIRECT = True
    assert await status(Socket(token, extensions=HTTP)) == 403
    behind = Socket(token | {"x-forwarded-proto": "https"}, extensions=HTTP)
    assert (await behind.connect())["type"] == "websocket.accept"
    await behind.leave()


@in_a_loop
async def test_a_database_that_is_away_is_told_before_the_connection_is_open(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(socket_module, "caller_find", away)
    socket = Socket(extensions=HTTP)
    assert (await socket.connect())["status"] == 503


@in_a_loop
async def test_one_user_may_hold_so_many_streams_and_another_is_not_kept_out(
    user: User, settings: Settings
) -> None:
    settings.STREAM_CONNECTIONS_PER_USER = 2
    other = await in_db(UserFactory.create)
    token = await in_db(token_of, user)
    async with opened(user, token), opened(user, token):
        third = Socket({"authorization": f"Token {token}"}, extensions=HTTP)
        assert (await third.connect())["status"] == 429
        late = Socket()
        await late.connect()
        await late.say("authenticate", token=token)
        assert (await late.hear())["code"] == "too_many_connections"
        assert (await late.closed())[0] == 4429
        async with opened(other):
            pass
    async with opened(user, token):
        assert len(hub().readers) == 1


# --- what they may ask


@in_a_loop
async def test_the_welcome_says_what_may_be_asked(
    user: User, settings: Settings
) -> None:
    settings.STREAM_TOPICS_PER_CONNECTION = 7
    socket = Socket({"authorization": f"Token {await in_db(token_of, user)}"})
    await socket.connect()
    welcome = await socket.hear()
    assert welcome["limits"]["topics"] == 7
    await socket.leave()


@in_a_loop
async def test_a_ping_is_answered(user: User) -> None:
    async with opened(user) as socket:
        await socket.say("ping")
        assert (await socket.hear())["type"] == "pong"


@in_a_loop
async def test_what_cannot_be_understood_is_answered_and_the_stream_goes_on(
    user: User,
) -> None:
    async with opened(user) as socket:
        for text in (
            "",
            "no json",
            "[]",
            "{}",
            '{"type": "fly"}',
            '{"type": "subscribe"}',
            '{"type": "subscribe", "topics": []}',
            '{"type": "subscribe", "topics": ["jobs"], "after": -1}',
            '{"type": "subscribe", "topics": ["jobs"], "more": 1}',
            "[" * 20_000,
        ):
            await socket.say_text(text)
            answer = await socket.hear()
            assert (answer["type"], answer["code"]) == ("error", "message_invalid")
        await socket.communicator.send_input(
            {"type": "websocket.receive", "bytes": b"{}"}
        )
        assert (await socket.hear())["code"] == "message_invalid"
        await socket.say("ping")
        assert (await socket.hear())["type"] == "pong"


@in_a_loop
async def test_ten_thousand_topics_are_an_error_that_says_what_may_be_and_no_more(
    user: User, settings: Settings
) -> None:
    settings.STREAM_TOPICS_PER_CONNECTION = 200
    async with opened(user) as socket:
        topics = [f"{TICKERS}:S{number}/USDT" for number in range(10_000)]
        answer = await socket.follow(*topics)
        assert (answer["type"], answer["code"]) == ("error", "message_too_large")
        assert "200 topics" in answer["detail"]

        answer = await socket.follow(*topics[:201])
        assert (answer["code"], answer["attr"]) == ("too_many_topics", "topics")

        assert len((await socket.follow(*topics[:150]))["topics"]) == 150
        # What is followed already counts once.
        assert (await socket.follow(*topics[100:201]))["code"] == "too_many_topics"
        assert len((await socket.follow(*topics[100:200]))["topics"]) == 100


@in_a_loop
async def test_topics_that_are_not_there_are_refused_one_by_one(user: User) -> None:
    async with opened(user) as socket:
        answer = await socket.follow(
            "jobs", "job", f"{TICKERS}:A/USDT", "tickers:binanse:A/USDT", "tickers:x"
        )
        assert answer["topics"] == ["jobs", f"{TICKERS}:A/USDT"]
        refused = {one["topic"]: one for one in answer["refused"]}
        assert refused["job"]["near"] == ["jobs"]
        assert {topic: one["code"] for topic, one in refused.items()} == {
            "job": "topic_unknown",
            "tickers:binanse:A/USDT": "exchange_unknown",
            "tickers:x": "topic_malformed",
        }


@in_a_loop
async def test_who_talks_without_end_is_sent_away(user: User) -> None:
    async with opened(user) as socket:
        for _ in range(3 * conversation.MESSAGES_PER_SECOND):
            await socket.say("ping")
        goodbye = await socket.hear("goodbye")
        assert goodbye["code"] == "too_many_messages"
        assert (await socket.closed())[0] == 4429


# --- what they are told


@in_a_loop
async def test_events_are_told_in_order_and_to_nobody_else(user: User) -> None:
    other = await in_db(UserFactory.create)
    async with opened(user) as mine, opened(other) as theirs:
        assert (await mine.follow("jobs"))["sequence"] == 0
        await theirs.follow("jobs", after=0)
        await in_db(events_record, user.pk, *range(1, 101))
        await in_db(events_record, other.pk, 7)
        heard = [await mine.hear("event") for _ in range(100)]
        assert [one["sequence"] for one in heard] == list(range(1, 101))
        assert [one["body"]["n"] for one in heard] == list(range(1, 101))
        assert {(one["topic"], one["name"]) for one in heard} == {("jobs", "queued")}
        assert (await theirs.hear("event"))["body"] == {"n": 7}
        assert await theirs.silent()
        assert await mine.silent()


@in_a_loop
async def test_who_comes_back_is_told_what_came_after_and_nothing_twice(
    user: User,
) -> None:
    await in_db(events_record, user.pk, *range(1, 301))
    async with opened(user) as socket:
        assert (await socket.follow("jobs", after=100))["sequence"] == 100
        heard = [await socket.hear("event") for _ in range(150)]
    last = heard[-1]["sequence"]
    await in_db(events_record, user.pk, *range(301, 311))
    async with opened(user) as socket:
        await socket.follow("jobs", after=last)
        heard += [await socket.hear("event") for _ in range(60)]
        assert await socket.silent()
    assert [one["sequence"] for one in heard] == list(range(101, 311))


@in_a_loop
async def test_without_a_number_only_what_happens_from_now_on_is_told(
    user: User,
) -> None:
    await in_db(events_record, user.pk, 1, 2)
    async with opened(user) as socket:
        assert (await socket.follow("jobs"))["sequence"] == 2
        assert await socket.silent()
        await in_db(events_record, user.pk, 3)
        assert (await socket.hear("event"))["sequence"] == 3
        # Asked for once more it goes on as it was.
        assert (await socket.follow("jobs", after=1))["sequence"] == 3
        assert await socket.silent()


@in_a_loop
async def test_a_topic_that_is_followed_later_from_earlier_on_tells_the_others_once(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.core.outbox.topics import Topic, TopicKind, _topics  # noqa: PLC0415

    orders = Topic(name="orders", kind=TopicKind.OUTBOX, description="", schema="")
    monkeypatch.setitem(_topics, "orders", orders)
    await in_db(events_record, user.pk, 1, 2)
    await in_db(events_record, user.pk, 3, 4, topic="orders")
    await in_db(events_record, user.pk, 5)
    async with opened(user) as socket:
        await socket.follow("jobs", after=0)
        assert [(await socket.hear("event"))["sequence"] for _ in range(3)] == [1, 2, 5]
        await socket.follow("orders", after=3)
        assert (await socket.hear("event"))["sequence"] == 4
        await in_db(events_record, user.pk, 6)
        assert (await socket.hear("event"))["sequence"] == 6
        await socket.say("unsubscribe", topics=["jobs", "nothing"])
        assert (await socket.hear())["topics"] == ["jobs"]
        await in_db(events_record, user.pk, 7)
        await in_db(events_record, user.pk, 8, topic="orders")
        assert (await socket.hear("event"))["sequence"] == 8


@in_a_loop
async def test_who_asks_for_what_was_deleted_is_told_and_not_given_the_rest(
    user: User, settings: Settings
) -> None:
    await in_db(events_record, user.pk, *range(1, 11))
    settings.OUTBOX_KEEP_SECONDS = 1
    await in_db(outbox_prune, now=timezone.now() + timedelta(seconds=60))
    await in_db(events_record, user.pk, 11)
    async with opened(user) as socket:
        answer = await socket.follow("jobs", after=5)
        assert answer["type"] == "history_lost"
        assert (answer["after"], answer["oldest"], answer["last"]) == (5, 11, 11)
        assert await socket.silent()
        # All that is kept is asked for by 0; where nothing is missing, by its number.
        await socket.follow("jobs", after=0)
        assert (await socket.hear("event"))["sequence"] == 11
    async with opened(user) as socket:
        await socket.follow("jobs", after=10)
        assert (await socket.hear("event"))["sequence"] == 11


@in_a_loop
async def test_events_that_are_missing_without_being_pruned_are_never_passed_over(
    user: User,
) -> None:
    await in_db(events_record, user.pk, *range(1, 6))
    await in_db(OutboxEvent.objects.filter(sequence=3).delete)
    async with opened(user) as socket:
        await socket.follow("jobs", after=0)
        assert [(await socket.hear("event"))["sequence"] for _ in range(2)] == [1, 2]
        lost = await socket.hear("history_lost")
        assert (lost["after"], lost["oldest"], lost["last"]) == (2, 4, 5)
        assert (await socket.hear("goodbye"))["sequence"] == 2


@in_a_loop
async def test_who_has_seen_more_than_there_is_is_told_that_these_are_other_data(
    user: User,
) -> None:
    await in_db(events_record, user.pk, 1)
    async with opened(user) as socket:
        answer = await socket.follow("jobs", after=2)
        assert (answer["type"], answer["after"], answer["last"]) == ("reset", 2, 1)


@in_a_loop
async def test_numbers_that_fall_under_an_open_stream_end_it(user: User) -> None:
    await in_db(events_record, user.pk, 1, 2, 3)
    async with opened(user) as socket:
        await socket.follow("jobs")
        await in_db(OutboxEvent.objects.filter(sequence__gt=1).delete)
        await in_db(OutboxHead.objects.filter(owner=user).update, last=1)
        assert (await socket.hear("reset"))["last"] == 1
        assert (await socket.hear())["code"] == "reset"
        assert (await socket.closed())[0] == 4409


@in_a_loop
async def test_prices_are_told_by_their_newest_and_only_those_that_are_followed(
    user: User,
) -> None:
    store = latest_store()
    await store.write(TICKERS, {"A/USDT": b'{"p":1}', "B/USDT": b'{"p":1}'})
    async with opened(user) as socket:
        topic = f"{TICKERS}:A/USDT"
        await socket.follow(topic, f"{TICKERS}:C/USDT")
        first = await socket.hear("latest")
        assert first["values"] == [{"topic": topic, "body": {"p": 1}}]
        await store.write(TICKERS, {"B/USDT": b'{"p":2}'})
        assert await socket.silent(0.2)
        await store.write(TICKERS, {"A/USDT": b'{"p":2}', "C/USDT": b'{"p":3}'})
        values = (await socket.hear("latest"))["values"]
        assert {one["topic"]: one["body"]["p"] for one in values} == {
            topic: 2,
            f"{TICKERS}:C/USDT": 3,
        }
        await socket.say("unsubscribe", topics=[topic])
        await socket.hear("unsubscribed")
        await store.write(TICKERS, {"A/USDT": b'{"p":4}'})
        assert await socket.silent(0.2)


@in_a_loop
async def test_a_star_follows_every_symbol_of_an_exchange(user: User) -> None:
    store = latest_store()
    async with opened(user) as socket:
        await socket.follow(f"{TICKERS}:*")
        await store.write(TICKERS, {"A/USDT": b"{}", "B/USDT:USDT": b"{}"})
        topics = [one["topic"] for one in (await socket.hear("latest"))["values"]]
        assert topics == [f"{TICKERS}:A/USDT", f"{TICKERS}:B/USDT:USDT"]


@in_a_loop
async def test_a_silent_stream_says_that_it_lives_and_up_to_where_it_has_told(
    user: User, settings: Settings
) -> None:
    settings.STREAM_HEARTBEAT_SECONDS = 0.1
    async with opened(user) as socket:
        assert (await socket.hear("heartbeat"))["sequence"] is None
        await socket.follow(f"{TICKERS}:A/USDT")
        await socket.follow("jobs")
        # Of a topic that is not followed, and still told up to here.
        await in_db(events_record, user.pk, 1, topic="orders")
        beats = [(await socket.hear("heartbeat"))["sequence"] for _ in range(5)]
        assert beats[-1] == 1


# --- how it ends


@in_a_loop
async def test_a_key_that_ends_ends_its_streams(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "STANDING_SECONDS", 0.1)
    key, text = await in_db(key_make, user)
    token = await in_db(token_of, user)
    socket = Socket({"authorization": f"Bearer {text}"})
    await socket.connect()
    await socket.hear("welcome")
    async with opened(user, token) as other:
        assert await socket.silent()
        await in_db(
            ApiKey.objects.filter(pk=key.pk).update,
            expires_at=timezone.now() - timedelta(seconds=1),
        )
        assert (await socket.hear("goodbye"))["code"] == "authentication_failed"
        assert (await socket.closed())[0] == 4401
        assert await other.silent()
        await in_db(Token.objects.all().delete)
        assert (await other.hear("goodbye"))["code"] == "authentication_failed"


@in_a_loop
async def test_streams_are_told_when_the_process_ends_and_new_ones_are_not_taken(
    user: User,
) -> None:
    token = await in_db(token_of, user)
    async with opened(user, token) as socket:
        await socket.follow("jobs")
        await in_db(events_record, user.pk, 1)
        assert (await socket.hear("event"))["sequence"] == 1
        closing = asyncio.create_task(streams_close(2))
        goodbye = await socket.hear("goodbye")
        assert (goodbye["code"], goodbye["sequence"]) == ("going_away", 1)
        assert (await socket.closed())[0] == 1012
        await closing
        assert not hub().readers
        late = Socket({"authorization": f"Token {token}"}, extensions=HTTP)
        assert (await late.connect())["status"] == 503


@in_a_loop
async def test_readers_of_events_are_sent_away_when_the_database_stays_away(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "OUTAGE_SECONDS", 0.2)

    def away(*args: Any) -> Any:
        raise DatabaseError

    async with opened(user) as socket, opened(user) as other:
        await socket.follow("jobs")
        await other.follow(f"{TICKERS}:A/USDT")
        monkeypatch.setattr(hub_module, "tails_look", away)
        assert (await socket.hear("goodbye"))["code"] == "database_unavailable"
        assert (await socket.closed())[0] == 1013
        assert await other.silent()


@in_a_loop
async def test_a_short_outage_of_the_database_is_not_noticed(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = 0

    def away(known: Any) -> Any:
        nonlocal failed
        failed += 1
        if failed < 3:
            raise DatabaseError
        return tails_look(known)

    async with opened(user) as socket:
        await socket.follow("jobs")
        monkeypatch.setattr(hub_module, "tails_look", away)
        await in_db(events_record, user.pk, 1)
        assert (await socket.hear("event"))["sequence"] == 1
    assert failed >= 3


@in_a_loop
async def test_nothing_of_a_stream_is_left_when_it_has_ended(user: User) -> None:
    async with opened(user) as socket:
        await socket.follow("jobs", f"{TICKERS}:A/USDT", f"{TICKERS}:*")
    common = hub()
    assert common in hubs()
    assert not common.readers
    assert not common._tails._tails
    assert not common._listening
    assert not common.owners
    assert not common.live._channels
    assert not common.live._groups

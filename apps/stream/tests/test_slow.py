"""Streams whose other side reads slowly, or never: nothing grows, and they are told."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from apps.core.outbox.reading import Head
from apps.stream import hub as hub_module
from apps.stream.frames import Frame, latest_frames
from apps.stream.hub import hub
from apps.stream.latest import latest_store
from apps.stream.limits import hub_limits
from apps.stream.messages import Pong
from apps.stream.reader import ANSWERS_MOST
from apps.stream.routing import STREAM_PATH, websockets
from apps.stream.tails import TAIL_BYTES, TAIL_EVENTS, Tail, Told
from apps.stream.tests.sockets import events_record, in_a_loop, in_db, opened, token_of
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

TICKERS = "tickers:simulated"
SYMBOLS = [f"S{number}/USDT" for number in range(100)]
TOPICS = [f"{TICKERS}:{symbol}" for symbol in SYMBOLS]


@pytest.fixture
def user() -> User:
    return UserFactory.create()


class Stuck:
    """A connection on which nothing can be sent while the gate is shut."""

    def __init__(self, token: str) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.sent: list[dict[str, Any]] = []
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        headers = [
            (b"host", b"localhost"),
            (b"authorization", f"Token {token}".encode()),
        ]
        scope = {
            "type": "websocket",
            "path": STREAM_PATH,
            "scheme": "ws",
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        self.said.put_nowait({"type": "websocket.connect"})
        self.running = asyncio.create_task(websockets(scope, self.said.get, self._send))

    async def _send(self, message: Any) -> None:
        await self.gate.wait()
        self.sent.append(message)

    async def follow(self, *topics: str) -> None:
        text = json.dumps({"type": "subscribe", "topics": topics})
        self.said.put_nowait({"type": "websocket.receive", "text": text})
        await self.until("subscribed")

    async def until(self, kind: str) -> dict[str, Any]:
        """Wait until a message of a kind has been sent."""
        async with asyncio.timeout(5):
            while True:
                for message in self.messages():
                    if message["type"] == kind:
                        return message
                await asyncio.sleep(0.01)

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(one["text"]) for one in self.sent if "text" in one]

    async def leave(self) -> None:
        self.gate.set()
        self.said.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(self.running, 5)


async def stuck_with(user: User, *topics: str) -> Stuck:
    """Return a connection that follows topics, and cannot be sent anything more."""
    stuck = Stuck(await in_db(token_of, user))
    await stuck.follow(*topics)
    stuck.gate.clear()
    return stuck


@in_a_loop
async def test_prices_for_who_does_not_read_are_remembered_by_name_alone(
    user: User,
) -> None:
    store = latest_store()
    stuck = await stuck_with(user, *TOPICS)
    (reader,) = hub().readers
    for price in range(200):
        await store.write(TICKERS, dict.fromkeys(SYMBOLS, b'{"p":%d}' % price))
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)

    assert len(reader._pending) <= len(SYMBOLS)
    assert reader._batch is None
    stuck.gate.set()
    newest: dict[str, int] = {}
    async with asyncio.timeout(5):
        while len(newest) < len(SYMBOLS) or set(newest.values()) != {199}:
            await asyncio.sleep(0.02)
            for message in stuck.messages():
                for value in message.get("values", ()):
                    newest[value["topic"]] = value["body"]["p"]
    told = sum(message["type"] == "latest" for message in stuck.messages())
    assert told < 10
    await stuck.leave()


@in_a_loop
async def test_events_for_who_does_not_read_stay_in_the_database(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(hub_limits(), stall_seconds=600)
    monkeypatch.setattr(hub_module, "hub_limits", lambda: limits)
    stuck = await stuck_with(user, "jobs")
    (reader,) = hub().readers
    await in_db(events_record, user.pk, *range(1, 1_501))
    tail = hub()._tails._tails[user.pk]
    async with asyncio.timeout(30):
        while tail.last < 1_500:
            await asyncio.sleep(0.02)

    assert len(tail.told) <= TAIL_EVENTS
    # One is on its way, and a batch behind it; the rest is a number.
    assert reader.position == 1
    assert not reader._answers
    stuck.gate.set()
    async with asyncio.timeout(20):
        while len(stuck.sent) < 1_503:
            await asyncio.sleep(0.02)
    numbers = [one["sequence"] for one in stuck.messages() if one["type"] == "event"]
    assert numbers == list(range(1, 1_501))
    await stuck.leave()


@in_a_loop
async def test_who_asks_without_reading_the_answers_is_not_listened_to(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = await stuck_with(user, "jobs")
    (reader,) = hub().readers

    async def answer() -> None:
        for _ in range(3 * ANSWERS_MOST):
            await reader.answer(Pong(at=reader_now()))

    answering = asyncio.create_task(answer())
    await asyncio.sleep(0.1)
    assert len(reader._answers) <= ANSWERS_MOST
    assert not answering.done()
    stuck.gate.set()
    await asyncio.wait_for(answering, 5)
    await stuck.leave()


def reader_now() -> Any:
    from django.utils import timezone  # noqa: PLC0415

    return timezone.now()


@in_a_loop
async def test_who_reads_nothing_for_too_long_is_told_so_and_dropped(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(hub_limits(), stall_seconds=0.2)
    monkeypatch.setattr(hub_module, "hub_limits", lambda: limits)
    async with opened(user) as well:
        await well.follow("jobs")
        stuck = await stuck_with(user, "jobs")
        await in_db(events_record, user.pk, *range(1, 101))
        await asyncio.sleep(0.5)
        stuck.gate.set()
        goodbye = await stuck.until("goodbye")
        assert (goodbye["code"], goodbye["sequence"]) == ("slow_reader", 1)
        await asyncio.wait_for(stuck.running, 5)
        assert (stuck.sent[-1]["type"], stuck.sent[-1]["code"]) == (
            "websocket.close",
            4408,
        )
        # Whoever reads is not held up.
        heard = [(await well.hear("event"))["sequence"] for _ in range(100)]
        assert heard == list(range(1, 101))


@in_a_loop
async def test_streams_of_the_same_topics_share_their_messages(user: User) -> None:
    token = await in_db(token_of, user)
    streams = [Stuck(token) for _ in range(3)]
    for stream in streams:
        await stream.follow(*TOPICS[:5])
    await latest_store().write(TICKERS, {SYMBOLS[0]: b'{"p":1}'})
    for stream in streams:
        await stream.until("latest")
    texts = [stream.sent[-1]["text"] for stream in streams]
    assert texts[0] is texts[1] is texts[2]
    for stream in streams:
        await stream.leave()


@in_a_loop
async def test_a_thousand_streams_that_come_and_go_leave_nothing(user: User) -> None:
    token = await in_db(token_of, user)

    async def once() -> None:
        stuck = Stuck(token)
        await stuck.follow("jobs", TOPICS[0])
        await stuck.leave()

    for _ in range(5):
        await once()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(100):
        await once()
    gc.collect()
    assert len(gc.get_objects()) - before < 1_000


def test_a_tail_is_bounded_in_events_and_in_bytes() -> None:
    tail = Tail(0, Head())
    tail.add(_told(range(1, 2_001), "x"))
    assert (len(tail.told), tail.last) == (TAIL_EVENTS, 2_000)
    tail.add(_told(range(2_001, 2_041), "x" * 40_000))
    assert sum(sys.getsizeof(one.frame.text) for one in tail.told) < 1.1 * TAIL_BYTES

    first = tail.told[0].sequence
    assert tail.after(first - 2, 100) is None
    assert [one.sequence for one in tail.after(first - 1, 100) or ()] == [first]
    assert tail.after(2_040, 100) == []


def _told(numbers: range, text: str) -> list[Told]:
    return [Told(number, "jobs", Frame("event", text, number)) for number in numbers]


def test_a_message_of_many_values_is_parted_but_never_within_a_value() -> None:
    items = [f'{{"topic":"{number}"}}' for number in range(50)]
    frames = list(latest_frames([*items, f'"{"x" * 500}"'], 200))
    assert all(len(one.text) < 260 for one in frames[:-1])
    values = [one for frame in frames for one in json.loads(frame.text)["values"]]
    assert len(values) == 51

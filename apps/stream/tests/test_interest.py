"""What streams follow is held fresh, one user's share of it is bounded, and a refusal told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError
from django.test import Client
from django.utils import timezone

from apps.core.outbox.topics import Refusal
from apps.core.tests.answers import error_of
from apps.stream import housekeeping, interest
from apps.stream.hub import hub
from apps.stream.interest import interest_tell
from apps.stream.reader import ANSWERS_MOST
from apps.stream.tests.sockets import in_a_loop, in_db, opened, token_of
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

TICKERS = "tickers:simulated"
FULL = Refusal("live_symbols_too_many", "There is no room.")


@dataclass
class Room:
    """A room above that holds so many symbols fresh, and some channels not at all."""

    most: int = 1_000
    broken: dict[str, type[Exception]] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)

    def __call__(
        self, *, channel: str, symbols: list[str], now: Any
    ) -> dict[str, Refusal]:
        assert now
        if channel in self.broken:
            raise self.broken[channel]
        held = self.held.setdefault(channel, [])
        held += [one for one in symbols if one not in held]
        del held[self.most :]
        return {one: FULL for one in symbols if one not in held}


ROOM = Room()


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    global ROOM  # noqa: PLW0603 - it is found by its dotted path
    ROOM = Room()
    path = f"{__name__}.ROOM"
    monkeypatch.setattr(interest, "_interests", {"test": path})
    monkeypatch.setattr(housekeeping, "INTEREST_SECONDS", 0.2)
    return ROOM


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def topics(*symbols: str) -> list[str]:
    return [f"{TICKERS}:{symbol}" for symbol in symbols]


# --- telling the rooms above


@pytest.mark.parametrize("error", [DataError, ValueError])
def test_a_channel_that_cannot_be_stored_is_refused_and_the_others_are_told(
    room: Room, error: type[Exception]
) -> None:
    room.broken = {"tickers:a": error}
    followed = {"tickers:a": {"X"}, "tickers:b": {"Y"}}
    refused = interest_tell(followed, now=timezone.now())
    assert {name: set(found) for name, found in refused.items()} == {"tickers:a": {"X"}}
    assert room.held == {"tickers:b": ["Y"]}


@in_a_loop
async def test_who_follows_what_is_not_held_fresh_is_told_once(
    user: User, room: Room
) -> None:
    room.most = 1
    other = await in_db(UserFactory.create)
    async with opened(user) as first, opened(other) as late:
        await first.follow(*topics("B"))
        async with asyncio.timeout(5):
            while TICKERS not in room.held:
                await asyncio.sleep(0.01)
        await late.follow(*topics("A", "B", "C"))
        told = [await late.hear("error") for _ in range(2)]
        assert [one["attr"] for one in told] == topics("A", "C")
        assert {one["code"] for one in told} == {"live_symbols_too_many"}
        assert "There is no room." in told[0]["detail"]
        # Also when the rooms are told again, and whoever is served hears nothing.
        assert await late.silent(0.6)
        assert await first.silent(0.1)
        # There is room, and then there is none again.
        room.most = 3
        async with asyncio.timeout(5):
            while len(room.held[TICKERS]) < 3 or any(
                one.unheld for one in hub().readers
            ):
                await asyncio.sleep(0.01)
        room.most = 1
        assert (await late.hear("error"))["attr"] == topics("A")[0]


@in_a_loop
async def test_refusals_do_not_heap_up_for_who_follows_much(
    user: User, room: Room
) -> None:
    room.most = 0
    names = topics(*(f"S{number:03}" for number in range(2 * ANSWERS_MOST)))
    async with opened(user) as socket:
        await socket.follow(*names)
        told = [(await socket.hear("error"))["attr"] for _ in names]
        assert sorted(told) == names


# --- how much one user may


@in_a_loop
async def test_one_user_follows_so_many_topics_over_all_their_streams(
    user: User, settings: Settings
) -> None:
    settings.STREAM_TOPICS_PER_USER = 3
    other = await in_db(UserFactory.create)
    token = await in_db(token_of, user)
    async with opened(user, token) as first, opened(user, token) as second:
        await first.follow(*topics("A", "B"))
        # The same again is one.
        assert (await second.follow(*topics("B", "C")))["type"] == "subscribed"
        refused = await second.follow(*topics("D"), "jobs")
        assert (refused["code"], refused["attr"]) == ("too_many_topics", "topics")
        assert "3 topics" in refused["detail"]
        # Nothing of it is followed; jobs alone are no prices.
        assert (await second.follow("jobs"))["topics"] == ["jobs"]
        async with opened(other) as another:
            assert (await another.follow(*topics("D")))["topics"] == topics("D")
        await in_db(_refused_over_http, token, topics("D"))
        await first.say("unsubscribe", topics=topics("A"))
        await first.hear("unsubscribed")
        assert (await second.follow(*topics("D")))["topics"] == topics("D")
    assert not hub().owners


def _refused_over_http(token: str, names: list[str]) -> None:
    answer = Client().get(
        f"/api/v1/events/?topics={','.join(names)}",
        headers={"Authorization": f"Token {token}"},
    )
    assert error_of(answer, 400).code == "too_many_topics"

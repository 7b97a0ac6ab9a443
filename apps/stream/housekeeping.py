"""Looking after streams: those that do not read, and those that may not stay."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from apps.stream.interest import interest_tell
from apps.stream.messages import ErrorMessage
from apps.users.standing import standings_ended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.core.outbox.topics import Refusal
    from apps.stream.hub import Hub

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
STANDING_SECONDS = 30.0
INTEREST_SECONDS = 30.0

SLOW = "slow_reader"
ENDED = "authentication_failed"


async def look_after(hub: Hub) -> None:
    """Look after the streams of a hub until cancelled."""
    standing_due = time.monotonic() + STANDING_SECONDS
    interest_due = 0.0
    told: dict[str, set[str]] = {}
    while True:
        now = time.monotonic()
        stalled_drop(hub)
        followed = hub.live.followed()
        if now >= interest_due:
            told, interest_due = {}, now + INTEREST_SECONDS
        if new := _beyond(followed, told):
            if await _interest(hub, new):
                told = followed
            else:
                interest_due = now + TICK_SECONDS
        if now >= standing_due:
            await standings_check(hub)
            standing_due = now + STANDING_SECONDS
        await asyncio.sleep(TICK_SECONDS)


def stalled_drop(hub: Hub) -> None:
    """Drop streams that have left a message unread for too long.

    They are told with the next message, if they read it after all. The server ends those
    that never do, see `config.uvicorn_worker`.
    """
    before = time.monotonic() - hub.limits.stall_seconds
    for reader in list(hub.readers):
        if reader.sending_since is not None and reader.sending_since < before:
            detail = (
                f"Nothing was read for {hub.limits.stall_seconds:g} s; connect again "
                "and resume, or follow less."
            )
            hub.drop(reader, SLOW, detail)


async def standings_check(hub: Hub) -> None:
    """Drop streams whose key, token or session has ended."""
    readers = [one for one in hub.readers if one.standing is not None]
    standings = {one.standing for one in readers if one.standing is not None}
    if not standings:
        return
    try:
        ended = await hub.in_thread(
            standings_ended,
            standings,
            now=timezone.now(),
        )
    except (DatabaseError, RedisError) as error:
        logger.warning("streams: who may stay is not known: %s", error)
        return
    for reader in readers:
        if reader.standing in ended:
            hub.drop(reader, ENDED, "Your key, token or session has ended.")


async def _interest(hub: Hub, followed: dict[str, set[str]]) -> bool:
    try:
        refused = await hub.in_thread(interest_tell, followed, now=timezone.now())
    except DatabaseError as error:
        logger.warning("streams: what is followed is not told: %s", error)
        return False
    for channel, symbols in refused.items():
        logger.warning(
            "streams: %d symbols of %s are not held fresh: %s",
            len(symbols),
            channel,
            next(iter(symbols.values())).detail,
        )
    _unheld_tell(hub, followed, refused)
    return True


def _unheld_tell(
    hub: Hub,
    asked: Mapping[str, set[str]],
    refused: Mapping[str, Mapping[str, Refusal]],
) -> None:
    """Tell each stream once which of its topics nobody holds fresh, and why."""
    reasons = _by_topic(refused)
    held = frozenset(_by_topic({one: dict.fromkeys(asked[one]) for one in asked}))
    held -= reasons.keys()
    for reader in list(hub.readers):
        reader.unheld -= held
        for topic in sorted((reader.latest & reasons.keys()) - reader.unheld):
            why = reasons[topic]
            message = ErrorMessage(
                code=why.code, detail=f"{topic}: {why.detail}", attr=topic
            )
            if not reader.note(message):
                break  # the rest of them half a minute later
            reader.unheld |= {topic}


def _by_topic[T](found: Mapping[str, Mapping[str, T]]) -> dict[str, T]:
    return {
        f"{channel}:{symbol}": value
        for channel, symbols in found.items()
        for symbol, value in symbols.items()
    }


def _beyond(
    followed: dict[str, set[str]], told: dict[str, set[str]]
) -> dict[str, set[str]]:
    found = {
        channel: symbols - told.get(channel, set())
        for channel, symbols in followed.items()
    }
    return {channel: symbols for channel, symbols in found.items() if symbols}

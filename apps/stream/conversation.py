"""What is said on a WebSocket once its client is known."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.utils import timezone
from pydantic import ValidationError
from redis.exceptions import RedisError

from apps.core.errors import ApplicationError, Unavailable
from apps.stream import metrics
from apps.stream.errors import HistoryLost, SequenceUnknown
from apps.stream.messages import (
    CLIENT_MESSAGE,
    Authenticate,
    ErrorMessage,
    Ping,
    Pong,
    RefusedTopic,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from apps.stream.reader import lost_message
from apps.stream.requests import request_check, topics_count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from apps.stream.hub import Hub
    from apps.stream.messages import ClientMessage
    from apps.stream.reader import Reader

    type Message = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]

MESSAGE_BYTES = 64 * 1024
MESSAGES_PER_SECOND = 20

# Why a connection ends, for who looks at the code alone.
TRY_AGAIN, RESTART, NORMAL = 1013, 1012, 1000
CLOSE_CODES = {
    "authentication_failed": 4401,
    "slow_reader": 4408,
    "history_lost": 4409,
    "reset": 4409,
    "too_many_connections": 4429,
    "too_many_messages": 4429,
    "database_unavailable": TRY_AGAIN,
    "unavailable": TRY_AGAIN,
    "going_away": RESTART,
}


class Conversation:
    """What is said on one connection.

    Args:
        common: The hub.
        reader: The stream.
    """

    def __init__(self, common: Hub, reader: Reader) -> None:
        self._hub, self._reader = common, reader
        self._allowance = float(MESSAGES_PER_SECOND)
        self._counted_at = time.monotonic()

    async def write(self, send: Send) -> None:
        """Send what there is to tell, until the stream ends."""
        try:
            async with aclosing(self._reader.frames()) as frames:
                async for frame in frames:
                    await send({"type": "websocket.send", "text": frame.text})
                    metrics.frames_sent.labels(frame.kind).inc()
            await send(close_message(self._reader.ended or ""))
        except OSError:
            return  # the other side is gone

    async def read(self, receive: Receive) -> None:
        """Do what the client says, until it goes."""
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            if not self._allowed():
                detail = f"More than {MESSAGES_PER_SECOND} messages a second."
                self._hub.drop(self._reader, "too_many_messages", detail)
                # Nothing is read any more until the other side knows.
                await asyncio.Event().wait()
            await self._hear(message.get("text"))

    async def _hear(self, text: str | None) -> None:
        if text is None:
            await self._complain("message_invalid", "Messages are text, not bytes.")
            return
        if len(text) > MESSAGE_BYTES:
            most = self._hub.limits.topics
            await self._complain(
                "message_too_large",
                f"A message may have {MESSAGE_BYTES:,} characters, not {len(text):,}; "
                f"one stream may follow {most} topics.",
            )
            return
        try:
            said = CLIENT_MESSAGE.validate_json(text)
        except ValidationError as error:
            await self._complain("message_invalid", _explain(error))
            return
        try:
            await self._do(said)
        except (HistoryLost, SequenceUnknown) as error:
            await self._reader.answer(lost_message(error))
        except ApplicationError as error:
            await self._complain(error.code, error.message, error.attr)

    async def _do(self, said: ClientMessage) -> None:
        match said:
            case Ping():
                await self._reader.answer(Pong(at=timezone.now()))
            case Subscribe():
                await self._subscribe(said)
            case Unsubscribe():
                gone = self._hub.unfollow(self._reader, said.topics)
                await self._reader.answer(Unsubscribed(topics=gone))
            case Authenticate():
                await self._complain("authenticated", "We know who you are.")

    async def _subscribe(self, said: Subscribe) -> None:
        reader = self._reader
        followed = {*reader.since, *reader.latest}
        topics_count(followed, said.topics, self._hub.limits.topics)
        request = await asked(
            self._hub,
            request_check,
            owner=reader.owner,
            topics=said.topics,
            after=said.after,
            followed=reader.since,
        )
        self._hub.owners.topics_check(reader.owner, request.latest)
        sequence = None
        if request.events:
            new = any(topic not in reader.since for topic in request.events)
            sequence = request.after if new else reader.position
        refused = [
            RefusedTopic(
                topic=topic, code=one.code, detail=one.detail, near=list(one.near)
            )
            for topic, one in request.refused.items()
        ]
        # Before anything that is told because of it.
        await reader.answer(
            Subscribed(
                topics=[*request.events, *request.latest],
                refused=refused,
                sequence=sequence,
            )
        )
        self._hub.follow(reader, request)

    async def _complain(self, code: str, detail: str, attr: str | None = None) -> None:
        await self._reader.answer(ErrorMessage(code=code, detail=detail, attr=attr))

    def _allowed(self) -> bool:
        now = time.monotonic()
        gained = (now - self._counted_at) * MESSAGES_PER_SECOND
        self._allowance = min(2.0 * MESSAGES_PER_SECOND, self._allowance + gained)
        self._counted_at = now
        self._allowance -= 1
        return self._allowance >= 0


async def asked[**P, T](
    common: Hub, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Ask the database in a thread; what is out of reach is an error that passes.

    Raises:
        Unavailable: The database or Redis does not answer.
    """
    try:
        return await common.in_thread(function, *args, **kwargs)
    except (DatabaseError, RedisError) as error:
        msg = "What this needs does not answer at the moment; try again."
        raise Unavailable(msg) from error


def close_message(code: str) -> Message:
    """Return what closes a connection, for a reason."""
    number = CLOSE_CODES.get(code, NORMAL)
    return {"type": "websocket.close", "code": number, "reason": code}


def _explain(error: ValidationError) -> str:
    finding = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in finding["loc"])
    return f"{where}: {finding['msg']}" if where else str(finding["msg"])

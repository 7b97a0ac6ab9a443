"""A WebSocket's other end, for tests, which checks each message that it hears."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.db import connection, transaction
from django.utils import timezone

from apps.core.outbox.recording import event_record
from apps.stream.messages import SERVER_MESSAGE
from apps.stream.routing import STREAM_PATH, websockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from uuid import UUID

    from apps.users.models import User

HEAR_SECONDS = 5.0
HTTP: dict[str, Any] = {"websocket.http.response": {}}


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop, its own database work in the test's thread."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async_to_sync(test)(*args, **kwargs)

    return run


async def in_db[**P, T](
    function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call what uses the database, in a thread that leaves no connection."""

    def call() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.to_thread(call)


def events_record(owner: UUID, *numbers: int, topic: str = "jobs") -> None:
    """Record events whose bodies are a number."""
    for number in numbers:
        with transaction.atomic():
            event_record(
                owner=owner,
                topic=topic,
                name="queued",
                body={"n": number},
                now=timezone.now(),
            )


class Socket:
    """One connection.

    Args:
        headers: Of the opening handshake.
        path: Where it is opened.
        scheme: `ws` or `wss`.
        extensions: What the server can do beyond a WebSocket.
    """

    def __init__(
        self,
        headers: dict[str, str] | None = None,
        *,
        path: str = STREAM_PATH,
        scheme: str = "ws",
        extensions: dict[str, Any] | None = None,
    ) -> None:
        given = {"host": "localhost"} | (headers or {})
        # Ships types of which some are missing.
        self.communicator: Any = ApplicationCommunicator(  # type: ignore[no-untyped-call]
            websockets,
            {
                "type": "websocket",
                "path": path,
                "scheme": scheme,
                "headers": [(k.encode(), v.encode()) for k, v in given.items()],
                "client": ("127.0.0.1", 50_000),
                "extensions": extensions or {},
            },
        )

    async def connect(self) -> dict[str, Any]:
        """Open it; returns what the application answers."""
        await self.communicator.send_input({"type": "websocket.connect"})
        return await self.output()

    async def output(self, seconds: float = HEAR_SECONDS) -> dict[str, Any]:
        """Return what the application sends next."""
        sent: dict[str, Any] = await self.communicator.receive_output(seconds)
        return sent

    async def say(self, kind: str, **values: Any) -> None:
        """Send a message."""
        await self.say_text(json.dumps({"type": kind, **values}))

    async def say_text(self, text: str) -> None:
        """Send a text."""
        await self.communicator.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, kind: str | None = None) -> dict[str, Any]:
        """Return the next message, or the next of a kind."""
        while True:
            sent = await self.output()
            assert sent["type"] == "websocket.send", sent
            message: dict[str, Any] = json.loads(sent["text"])
            SERVER_MESSAGE.validate_python(message)
            if kind in (None, message["type"]):
                return message

    async def silent(self, seconds: float = 0.3) -> bool:
        """Return whether nothing is sent for a while."""
        return bool(await self.communicator.receive_nothing(seconds))

    async def closed(self) -> tuple[int, str]:
        """Return the code and the reason with which it is closed next."""
        sent = await self.output()
        assert sent["type"] == "websocket.close", sent
        return sent["code"], sent["reason"]

    async def follow(self, *topics: str, **values: Any) -> dict[str, Any]:
        """Follow topics; returns the answer."""
        await self.say("subscribe", topics=list(topics), **values)
        return await self.hear()

    async def leave(self) -> None:
        """Close it from this side."""
        await self.communicator.send_input(
            {"type": "websocket.disconnect", "code": 1000}
        )
        await self.communicator.wait(HEAR_SECONDS)


@asynccontextmanager
async def opened(user: User, token: str = "") -> AsyncIterator[Socket]:
    """Give a connection that was welcomed."""
    key = token or await in_db(token_of, user)
    socket = Socket({"authorization": f"Token {key}"})
    assert (await socket.connect())["type"] == "websocket.accept"
    assert (await socket.hear())["type"] == "welcome"
    yield socket
    await socket.leave()


def token_of(user: User) -> str:
    """Return the token of a user."""
    from apps.users.services import token_issue  # noqa: PLC0415 - after the setup

    return str(token_issue(user=user))

"""The WebSocket: `/ws/v1/stream`."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from django.utils import timezone
from pydantic import ValidationError

from apps.core.errors import ApplicationError, ErrorKind
from apps.stream.conversation import (
    MESSAGE_BYTES,
    MESSAGES_PER_SECOND,
    Conversation,
    asked,
    close_message,
)
from apps.stream.frames import message_frame
from apps.stream.handshake import (
    REFUSED,
    NotLetIn,
    address_of,
    caller_find,
    refusal_body,
)
from apps.stream.hub import hub
from apps.stream.messages import CLIENT_MESSAGE, Authenticate, Goodbye, Limits, Welcome
from apps.users.callers import caller_by_text

if TYPE_CHECKING:
    from apps.stream.conversation import Receive, Send
    from apps.stream.handshake import Scope
    from apps.stream.hub import Hub
    from apps.users.callers import Caller

AUTHENTICATE_SECONDS = 5.0
STATUS_BY_KIND = {
    ErrorKind.INVALID: 400,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
}
UNAUTHORIZED = 401


async def stream_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket; an ASGI application."""
    await receive()
    common = hub()
    try:
        caller = await asked(common, caller_find, scope)
        if caller is not None:
            common.admit(caller.user.pk)
    except ApplicationError as error:
        await refuse(scope, send, error)
        return
    await send({"type": "websocket.accept"})
    if caller is None:
        caller = await _introduced(common, scope, receive, send)
    if caller is None:
        return
    async with common.joined(caller.user.pk, caller.standing, "websocket") as reader:
        await reader.answer(_welcome(common))
        await _serve(Conversation(common, reader), receive, send)


async def refuse(scope: Scope, send: Send, error: ApplicationError) -> None:
    """Answer an opening handshake with an error, in the API's shape."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send(close_message(error.code))
        return
    status = STATUS_BY_KIND.get(error.kind, 403)
    if isinstance(error, NotLetIn):
        status = UNAUTHORIZED
    body = json.dumps(refusal_body(error)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    start = {"type": "websocket.http.response.start", "status": status}
    await send(start | {"headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def _introduced(
    common: Hub, scope: Scope, receive: Receive, send: Send
) -> Caller | None:
    """Wait for the message that says who listens."""
    try:
        async with asyncio.timeout(AUTHENTICATE_SECONDS):
            message = await receive()
    except TimeoutError:
        detail = f"Say who you are within {AUTHENTICATE_SECONDS:g} s of connecting."
        await _part(send, NotLetIn(detail))
        return None
    if message["type"] != "websocket.receive":
        return None
    try:
        said = CLIENT_MESSAGE.validate_json(message.get("text") or "")
    except ValidationError:
        said = None
    if not isinstance(said, Authenticate):
        detail = 'Begin with {"type": "authenticate", "token": "…"}, or send a header.'
        await _part(send, NotLetIn(detail))
        return None
    try:
        caller = await asked(
            common,
            caller_by_text,
            said.token,
            address=address_of(scope),
            now=timezone.now(),
        )
        if caller is None:
            raise NotLetIn(REFUSED)
        common.admit(caller.user.pk)
    except ApplicationError as error:
        await _part(send, error)
        return None
    return caller


async def _serve(conversation: Conversation, receive: Receive, send: Send) -> None:
    """Read and write at the same time, until either ends."""
    tasks = {
        asyncio.create_task(conversation.write(send)),
        asyncio.create_task(conversation.read(receive)),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _part(send: Send, error: ApplicationError) -> None:
    goodbye = Goodbye(code=error.code, detail=error.message, sequence=None)
    await send({"type": "websocket.send", "text": message_frame(goodbye).text})
    await send(close_message(error.code))


def _welcome(common: Hub) -> Welcome:
    return Welcome(
        at=timezone.now(),
        heartbeat_seconds=common.limits.heartbeat_seconds,
        limits=Limits(
            topics=common.limits.topics,
            connections=common.limits.connections,
            message_bytes=MESSAGE_BYTES,
            messages_per_second=MESSAGES_PER_SECOND,
        ),
    )

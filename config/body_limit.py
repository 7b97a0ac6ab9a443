"""Refuse a body that is too large before it is read.

Django's ASGI handler spools the whole body to disk before any view or upload handler is
asked, so a limit has to stand in front of it.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings

from apps.core.edge.snippets import UPLOAD_OVERHEAD_BYTES
from apps.core.metrics.requests import request_count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    type Message = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]
    type App = Callable[[Any, Receive, Send], Awaitable[None]]

UPLOAD_PATHS = re.compile(
    r"/api/v1/(candle-series/import|backtests/[0-9a-f-]+/compare|captures/import)/"
)


class _TooLarge(Exception):  # noqa: N818
    """The body passed the limit while it was being received."""


class BodyLimit:
    """ASGI middleware that answers 413 in the API's error shape.

    Args:
        app: The application behind it.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        declared = _content_length(scope)
        # A body that does not say its length may be long only as far as memory holds it.
        limit = _limit(scope["path"]) if declared else int(settings.BODY_MAX_BYTES)
        if declared > limit:
            await _refuse(send, limit)
            _count(scope, started)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _TooLarge
            return message

        try:
            await self._app(scope, counted, send)
        except _TooLarge:
            await _refuse(send, limit)
            _count(scope, started)


def _limit(path: str) -> int:
    if UPLOAD_PATHS.fullmatch(path):
        return int(settings.UPLOAD_MAX_BYTES) + UPLOAD_OVERHEAD_BYTES
    return int(settings.BODY_MAX_BYTES)


def _content_length(scope: MutableMapping[str, Any]) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _count(scope: MutableMapping[str, Any], started: float) -> None:
    # In front of the middleware that counts every other answer.
    seconds = time.perf_counter() - started
    request_count(method=scope["method"], route=None, status=413, seconds=seconds)


async def _refuse(send: Send, limit: int) -> None:
    error = {
        "code": "too_large",
        "detail": (
            f"The body is larger than the limit of {limit:,} bytes; a file must be sent "
            "with its Content-Length."
        ),
        "attr": None,
    }
    body = json.dumps({"type": "client_error", "errors": [error]}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        # In front of the middleware that gives every other answer its id.
        (b"x-request-id", uuid4().hex.encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})

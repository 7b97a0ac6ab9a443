"""Where WebSockets are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import NotFound
from apps.stream.socket import refuse, stream_socket

if TYPE_CHECKING:
    from apps.stream.conversation import Receive, Send
    from apps.stream.handshake import Scope

STREAM_PATH = "/ws/v1/stream"


async def websockets(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a WebSocket by its path; an ASGI application."""
    if scope["path"].rstrip("/") == STREAM_PATH:
        await stream_socket(scope, receive, send)
        return
    await receive()
    msg = f"WebSockets are found at {STREAM_PATH}."
    await refuse(scope, send, NotFound(msg))

"""Uvicorn, as it has to be for connections that stay open."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import Server

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

# What the system keeps for a reader, instead of the megabytes that it would grow to.
SEND_BUFFER_BYTES = 128 * 1024
# Streams are told that the process ends, and have so long to hear it.
GOODBYE_SECONDS = 1.0
LOOK_TICKS = 10
# Longer than a stream is waited for before it is told that it is too slow. A download
# may stand still for longer: proxies between read in large steps.
STREAM_STALL_SECONDS = 30.0
STALL_SECONDS = 300.0


class StreamProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that does not have much kept for it."""

    # Whether the application has said anything: to whoever it knows, and as a goodbye.
    _spoken_to = False
    # Whether nothing is listened to until the answers to pings have been read.
    _unread = False
    _ending = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to serve a connection."""
        super().connection_made(transport)
        found = transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def handle_ping(self) -> None:
        """Answer a ping; whoever does not read the answers is not listened to."""
        super().handle_ping()
        if self.writable.is_set() or self.transport.is_closing():
            return
        if self.close_sent or not self._spoken_to:
            # A stranger, or one who was sent away, has nothing else to read. What has
            # come with this ping is gone through first.
            if not self._ending:
                self._ending = True
                self.loop.call_soon(self._end)
        else:
            self._unread = True
            self.transport.pause_reading()

    def _end(self) -> None:
        if not self.disconnected:
            _abort(self.transport)

    def resume_writing(self) -> None:
        """Go on, since the other side has read."""
        super().resume_writing()
        if self._unread:
            self._unread = False
            if not self.read_paused:
                self.transport.resume_reading()

    async def receive(self) -> ASGIReceiveEvent:
        """Return what the client says next."""
        message = await super().receive()
        if self._unread:
            self.transport.pause_reading()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application gives."""
        await super().send(message)
        if message["type"] == "websocket.send":
            self._spoken_to = True
        if message["type"] == "websocket.http.response.body":
            # Else an answer that refuses the connection is taken for none.
            self.handshake_complete = True


class StreamServer(Server):
    """A server that says goodbye to streams, and ends connections that nobody reads.

    A connection that is closed in order stays open until its last byte is read. Who
    never reads would keep it for ever, with all that waits to be sent.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # How much waited to be sent, and since when it has not become less.
        self._stalled: WeakKeyDictionary[Any, tuple[int, float]] = WeakKeyDictionary()

    async def on_tick(self, counter: int) -> bool:
        """Do what is done ten times a second; returns whether to stop."""
        if counter % LOOK_TICKS == 0:
            self.stalled_end(time.monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say goodbye to streams, then stop as usual."""
        for server in self.servers:
            server.close()
        from apps.stream.hub import streams_close  # noqa: PLC0415 - Django is loaded now

        await streams_close(GOODBYE_SECONDS)
        await super().shutdown(sockets)

    def stalled_end(self, now: float) -> None:
        """End connections of which nothing has been read for too long.

        Args:
            now: On the monotonic clock.
        """
        for connection in list(self.server_state.connections):
            waiting = connection.transport.get_write_buffer_size()
            before, since = self._stalled.get(connection, (0, now))
            if not waiting:
                self._stalled.pop(connection, None)
                continue
            if waiting < before or connection not in self._stalled:
                since = now
            self._stalled[connection] = (waiting, since)
            stream = isinstance(connection, StreamProtocol)
            if now - since >= (STREAM_STALL_SECONDS if stream else STALL_SECONDS):
                _abort(connection.transport)


def _abort(transport: Any) -> None:
    found = transport.get_extra_info("socket")
    if found is not None:
        # At once, also in the system, which would keep it until it is read.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()

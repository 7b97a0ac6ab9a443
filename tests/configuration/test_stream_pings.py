"""Whoever sends pings and reads no answers makes nothing grow."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from uvicorn.config import Config

from config.stream_server import StreamProtocol, StreamServer
from config.uvicorn_worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

OPENING = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING = b"\x89\xfd\0\0\0\0" + b"x" * 125
PONG = b"\x8a\x7d" + b"x" * 125
AT_ONCE = 100
QUIET_SECONDS = 0.5
# One reading of a socket, and what the transport takes before it says that it is full.
MOST_BYTES = 1024 * 1024
LOOPS: list[Any] = ["asyncio", "uvloop"]


def application(*, greets: bool, closes: bool = False) -> Callable[..., Any]:
    """Return one that accepts, may say a word, may close, and then hears all."""

    async def serve(_: object, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        if greets:
            await send({"type": "websocket.send", "text": "welcome"})
        if closes:
            await send({"type": "websocket.close", "code": 4401})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    return serve


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[tuple[StreamServer, socket.socket]]:
    """Serve it; give the server, and a client who has opened a WebSocket."""
    given = Worker.CONFIG_KWARGS | {"loop": "none", "log_level": "critical"}
    server = StreamServer(Config(app, **given))
    listening = socket.create_server(("127.0.0.1", 0))
    # Little waits in the system.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    serving = asyncio.create_task(server._serve([listening]))
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
    client.settimeout(0)
    try:
        await loop.sock_connect(client, listening.getsockname())
        await loop.sock_sendall(client, OPENING)
        assert b" 101 " in await loop.sock_recv(client, 1000)
        yield server, client
    finally:
        client.close()
        server.should_exit = True
        await serving


async def pinged(server: StreamServer, client: socket.socket) -> tuple[int, int]:
    """Send pings until no more are taken; return how many bytes, and the most that waited.

    Raises:
        ConnectionError: The server has ended the connection.
    """
    sent, most, taken = 0, 0, time.monotonic()
    while time.monotonic() - taken < QUIET_SECONDS and most < MOST_BYTES:
        with contextlib.suppress(BlockingIOError):
            sent += client.send((PING * AT_ONCE)[sent % len(PING) :])
            taken = time.monotonic()
        await asyncio.sleep(0.001)
        most = max(most, waiting(server))
    return sent, most


def waiting(server: StreamServer) -> int:
    found = [one for one in server.server_state.connections if _open(one)]
    return sum(one.transport.get_write_buffer_size() for one in found)


def _open(connection: object) -> bool:
    return isinstance(connection, StreamProtocol) and not connection.disconnected


def run(loop: str, test: Any) -> None:
    factory = asyncio.new_event_loop
    if loop == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(test)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("closes", [False, True], ids=["unknown", "sent-away"])
def test_a_stranger_who_pings_without_reading_is_ended(loop: str, closes: bool) -> None:  # noqa: FBT001
    async def test() -> None:
        app = application(greets=closes, closes=closes)
        async with served(app) as (server, client):
            with pytest.raises(ConnectionError):
                await pinged(server, client)
            await asyncio.sleep(0.1)
            assert not server.server_state.connections

    run(loop, test())


@pytest.mark.parametrize("loop", LOOPS)
def test_who_is_known_is_not_listened_to_until_they_read(loop: str) -> None:
    async def test() -> None:
        async with served(application(greets=True)) as (server, client):
            sent, most = await pinged(server, client)
            assert 0 < most < MOST_BYTES
            # Once they read they are heard again, and none of their pings was lost.
            asking = asyncio.get_running_loop()
            rest = -sent % len(PING)
            sending = asyncio.create_task(asking.sock_sendall(client, PING[-rest:]))
            pings, told = -(-sent // len(PING)) + (not rest), bytearray()
            async with asyncio.timeout(20):
                while len(told) < pings * len(PONG):
                    told += await asking.sock_recv(client, 65_536)
                await sending
            assert told.count(PONG) == pings

    run(loop, test())

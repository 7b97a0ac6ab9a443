"""The server ends connections that nobody reads, and those alone."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from uvicorn.config import Config

from config import stream_server
from config.stream_server import STALL_SECONDS, STREAM_STALL_SECONDS, StreamServer
from config.uvicorn_worker import Worker


class Transport:
    """A transport in which so much waits to be sent."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.aborted = False
        self.options: list[tuple[Any, ...]] = []

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def get_extra_info(self, name: str) -> Any:
        assert name == "socket"
        return self

    def setsockopt(self, *option: Any) -> None:
        self.options.append(option)

    def abort(self) -> None:
        self.aborted = True


class Connection:
    """A plain connection, such as a download."""

    def __init__(self, waiting: int) -> None:
        self.transport = Transport(waiting)


class Socket(Connection):
    """A WebSocket."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> StreamServer:
    monkeypatch.setattr(stream_server, "StreamProtocol", Socket)
    return StreamServer(Config(app="config.asgi:application"))


def looked(server: StreamServer, connection: Connection, *waiting: int) -> list[bool]:
    """Return whether a connection was ended by then, at each of some seconds."""
    server.server_state.connections.add(connection)  # type: ignore[arg-type]
    found = []
    for second, size in enumerate(waiting):
        connection.transport.waiting = size
        server.stalled_end(float(second))
        found.append(connection.transport.aborted)
    return found


def test_a_stream_that_nobody_reads_is_ended_at_once_and_wholly(
    server: StreamServer,
) -> None:
    connection = Socket(0)
    patience = int(STREAM_STALL_SECONDS)
    ended = looked(server, connection, *[70_000] * (patience + 1))
    assert ended == [False] * patience + [True]
    ((_, option, value),) = connection.transport.options
    assert (option, value) == (socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def test_a_stream_that_is_read_slowly_goes_on(server: StreamServer) -> None:
    sizes = [200_000 - second // 20 for second in range(200)]
    assert not any(looked(server, Socket(0), *sizes))


def test_a_stream_that_was_read_to_the_end_begins_anew(server: StreamServer) -> None:
    patience = int(STREAM_STALL_SECONDS)
    sizes = [*[9] * (patience - 1), 0, *[9] * (patience - 1)]
    assert not any(looked(server, Socket(0), *sizes))


def test_a_download_may_stand_still_for_longer(server: StreamServer) -> None:
    patience = int(STALL_SECONDS)
    ended = looked(server, Connection(0), *[9] * (patience + 1))
    assert ended == [False] * patience + [True]


def test_the_worker_serves_websockets_with_bounds() -> None:
    config = Config(app="config.asgi:application", **Worker.CONFIG_KWARGS)
    config.load()
    assert config.ws_protocol_class is stream_server.StreamProtocol
    assert config.ws_max_size == 1024 * 1024
    assert not config.ws_per_message_deflate

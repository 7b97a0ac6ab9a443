"""Who listens to which stream, and how events reach them: many in one write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.exchange_server.faults import FaultKind

if TYPE_CHECKING:
    import asyncio

    from aiohttp import web

    from tests.exchange_server.faults import Faults
    from tests.exchange_server.journal import Journal

_TEXT: Final = 0x81
_SHORT: Final = 126
_LONG: Final = 1 << 16
# A client that leaves so much unread is cut off, as Binance does.
_UNREAD: Final = 32 * 1024**2
_SOCKET_KINDS: Final = frozenset(
    {FaultKind.SOCKET_DROP, FaultKind.SOCKET_SILENT, FaultKind.SOCKET_GARBAGE}
)


def frame(payload: bytes) -> bytes:
    """Return a text frame as a server sends it (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < _SHORT:
        return bytes((_TEXT, size)) + payload
    if size < _LONG:
        return bytes((_TEXT, 126)) + size.to_bytes(2) + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8) + payload


class Connection:
    """One client's socket.

    Attributes:
        number: Counts the connections.
        wrapped: Whether each event is told with its stream, as on `/stream`.
        streams: What it listens to.
        silent: Whether nothing is sent to it any more.
        sent: How many events were sent.
    """

    def __init__(
        self, number: int, socket: web.WebSocketResponse, request: web.Request
    ) -> None:
        """Take the socket over, once it is open."""
        self.number = number
        self.wrapped = request.path.startswith("/stream") and not request.path.count(
            "/ws"
        )
        self.streams: set[str] = set()
        self.silent = False
        self.sent = 0
        self._socket = socket
        self._transport: asyncio.Transport | None = request.transport
        self._out: list[bytes] = []

    def put(self, framed: bytes) -> None:
        """Send a frame with the next write."""
        self._out.append(framed)
        self.sent += 1

    def flush(self) -> None:
        """Write what there is, at once."""
        out, self._out = self._out, []
        transport = self._transport
        if not out or self.silent or transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > _UNREAD:
            transport.abort()
            return
        transport.write(b"".join(out))

    def drop(self) -> None:
        """Cut it off without a word."""
        self._out = []
        if self._transport is not None:
            self._transport.abort()


class Broadcast:
    """All connections, by what they listen to.

    Attributes:
        connections: Every client's socket.
        connected: How many there have ever been.
    """

    def __init__(self, faults: Faults, journal: Journal) -> None:
        """Begin without a listener."""
        self.connections: set[Connection] = set()
        self.connected = 0
        self._listeners: dict[str, set[Connection]] = {}
        self._faults = faults
        self._journal = journal

    def add(self, socket: web.WebSocketResponse, request: web.Request) -> Connection:
        """Take a new client in."""
        self.connected += 1
        connection = Connection(self.connected, socket, request)
        self.connections.add(connection)
        return connection

    def remove(self, connection: Connection) -> None:
        """Forget a client that has gone."""
        self.connections.discard(connection)
        self.unsubscribe(connection, list(connection.streams))

    def subscribe(self, connection: Connection, streams: list[str]) -> None:
        """Let a client listen to streams."""
        for stream in streams:
            connection.streams.add(stream)
            self._listeners.setdefault(stream, set()).add(connection)

    def unsubscribe(self, connection: Connection, streams: list[str]) -> None:
        """Let a client listen to streams no more."""
        for stream in streams:
            connection.streams.discard(stream)
            left = self._listeners.get(stream)
            if left is not None:
                left.discard(connection)
                if not left:
                    del self._listeners[stream]

    def wanted(self, stream: str) -> bool:
        """Return whether anybody listens to a stream."""
        return stream in self._listeners

    def streams(self) -> list[str]:
        """Return the streams that somebody listens to."""
        return list(self._listeners)

    def publish(self, stream: str, payload: bytes) -> None:
        """Tell an event to all who listen to its stream, with their next write."""
        listeners = self._listeners.get(stream)
        if not listeners:
            return
        plain = wrapped = b""
        struck = self._faults and self._struck(stream, listeners)
        if struck:
            payload = payload[: len(payload) // 2]
        for connection in listeners:
            if connection.wrapped:
                wrapped = wrapped or frame(
                    b'{"stream":"%b","data":%b}' % (stream.encode(), payload)
                )
                connection.put(wrapped)
            else:
                plain = plain or frame(payload)
                connection.put(plain)

    def _struck(self, stream: str, listeners: set[Connection]) -> bool:
        """Let a fault strike a stream; return whether its event is to be garbage."""
        symbol = stream.partition("@")[0].upper()
        fault = self._faults.met(_SOCKET_KINDS, path=stream, symbol=symbol)
        if fault is None:
            return False
        self._journal.add("fault", 0, fault=fault.kind.value, path=stream)
        for connection in listeners:
            if fault.kind is FaultKind.SOCKET_DROP:
                connection.drop()
            if fault.kind is FaultKind.SOCKET_SILENT:
                connection.silent = True
        return fault.kind is FaultKind.SOCKET_GARBAGE

    def flush(self) -> None:
        """Write to all clients what was told since the last time."""
        for connection in list(self.connections):
            connection.flush()

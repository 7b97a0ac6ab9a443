"""Streams of a real server: killed, stopped, and read slowly or never."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.edge.servers import until
from tests.streams.servers import (
    MEGABYTE,
    STREAM,
    follow,
    frame_of,
    hear,
    streams_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.streams.servers import Streams

TICKERS = [f"tickers:simulated:S{number}/USDT" for number in range(100)]


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streams]:
    # A file, also where the tests have another database: the drill is the server's.
    with streams_run(tmp_path_factory.mktemp("streams")) as running:
        yield running


def test_what_one_process_writes_another_tells(streams: Streams) -> None:
    with streams.connect() as socket:
        answer = follow(socket, "jobs", *TICKERS[:2])
        assert answer["refused"] == []
        streams.write(3)
        heard = [hear(socket, "event") for _ in range(3)]
        assert [one["sequence"] for one in heard] == [
            answer["sequence"] + number for number in (1, 2, 3)
        ]
        assert [one["body"]["n"] for one in heard] == [0, 1, 2]
        streams.prices(1)
        topics = [one["topic"] for one in hear(socket, "latest")["values"]]
        assert topics == TICKERS[:2]


def test_a_refusal_has_the_apis_shape_and_is_no_error_of_the_server(
    streams: Streams,
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(
            f"ws://127.0.0.1:{streams.port}{STREAM}",
            additional_headers={"Authorization": "Token nobody"},
        )
    response = caught.value.response
    assert response.status_code == 401
    body = json.loads(bytes(response.body or b""))
    assert body["errors"][0]["code"] == "authentication_failed"
    assert "without completing handshake" not in streams.log.read_text()


def test_ten_thousand_topics_are_answered_and_two_megabytes_end_the_connection(
    streams: Streams,
) -> None:
    with streams.connect() as socket:
        many = [f"tickers:simulated:S{number}/USDT" for number in range(10_000)]
        assert follow(socket, *many)["code"] == "message_too_large"
        socket.send('{"type":"ping"}')
        assert hear(socket, "pong")
        with suppress(ConnectionClosed):
            socket.send("x" * 2 * MEGABYTE)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=10)
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009


class Reader(threading.Thread):
    """Reads events through every interruption, and remembers their numbers."""

    def __init__(self, streams: Streams, begin: int, kind: str) -> None:
        super().__init__()
        self._streams, self._kind = streams, kind
        self.seen = [begin]
        self.goodbyes: list[str] = []
        self.stopping = False

    def run(self) -> None:
        once = self._websocket if self._kind == "websocket" else self._sse
        while not self.stopping:
            with suppress(OSError, ConnectionClosed, InvalidStatus, httpx.HTTPError):
                once()
            time.sleep(0.05)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            self.seen.append(message["sequence"])
        elif message["type"] not in {"heartbeat", "latest"}:
            self.goodbyes.append(message.get("code", message["type"]))

    def _websocket(self) -> None:
        with self._streams.connect() as socket:
            answer = follow(socket, "jobs", after=self.seen[-1])
            assert answer["type"] == "subscribed"
            while not self.stopping:
                with suppress(TimeoutError):
                    self._take(json.loads(socket.recv(timeout=0.2)))

    def _sse(self) -> None:
        url = f"http://127.0.0.1:{self._streams.port}/api/v1/events/?topics=jobs"
        headers = self._streams.headers | {"Last-Event-ID": str(self.seen[-1])}
        timeout = httpx.Timeout(5, read=1)
        with httpx.stream("GET", url, headers=headers, timeout=timeout) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self._take(json.loads(line.removeprefix("data: ")))
                if self.stopping:
                    return


def read_through(streams: Streams, disturb: Any, count: int) -> list[Reader]:
    """Have events read by both ways while something happens to the server."""
    with streams.connect() as socket:
        begin = follow(socket, "jobs")["sequence"]
    readers = [Reader(streams, begin, kind) for kind in ("websocket", "sse") * 2]
    for reader in readers:
        reader.start()
    writing = threading.Thread(target=streams.write, args=(count,))
    writing.start()
    try:
        disturb()
        writing.join()
        last = begin + count
        until(lambda: all(one.seen[-1] >= last for one in readers), "all is read", 60)
        time.sleep(0.5)
    finally:
        for reader in readers:
            reader.stopping = True
        for reader in readers:
            reader.join(20)
    for reader in readers:
        assert reader.seen == list(range(begin, last + 1))
    return readers


def test_a_process_that_is_killed_again_and_again_loses_and_doubles_nothing(
    streams: Streams,
) -> None:
    def kill() -> None:
        for _ in range(4):
            time.sleep(0.4)
            streams.worker.send_signal(signal.SIGKILL)
            until(streams.alive, "the next worker answers")

    read_through(streams, kill, 400)


def test_a_server_that_is_stopped_says_so_and_its_successor_goes_on(
    streams: Streams,
) -> None:
    took: list[float] = []

    def restart() -> None:
        time.sleep(1.0)
        took.append(streams.terminate())
        streams.start()

    readers = read_through(streams, restart, 400)
    for reader in readers:
        assert reader.goodbyes[:1] == ["going_away"]
    # Within its grace, which is 3 s beside the goodbyes.
    assert took[0] < 15
    assert "timeout graceful shutdown exceeded" not in streams.log.read_text()


def test_a_stop_closes_websockets_as_a_restart(streams: Streams) -> None:
    with streams.connect() as socket:
        follow(socket, "jobs")
        streams.terminate()
        assert hear(socket, "goodbye")["code"] == "going_away"
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=5)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1012
    streams.start()


def test_readers_that_never_read_take_no_memory_and_are_ended(streams: Streams) -> None:
    streams.write(400, size=8_000)  # 3 MB for each of them
    worker = streams.worker

    def connected() -> int:
        found = worker.net_connections("tcp")
        return sum(
            one.status == "ESTABLISHED" and one.laddr.port == streams.port
            for one in found
        )

    def stuck(number: int) -> int:
        """Return the memory while so many do not read what they would be sent."""
        said = {"type": "subscribe", "topics": ["jobs", *TICKERS], "after": 0}
        with ExitStack() as opened:
            for _ in range(number):
                opened.enter_context(streams.raw()).sendall(frame_of(json.dumps(said)))
            until(lambda: connected() == number, "all are connected", 10)
            memory = 0
            # 6 MB of prices for each; on a busy machine some are ended meanwhile.
            for _ in range(20):
                streams.prices(10, pause=0.01)
                memory = max(memory, int(worker.memory_info().rss))
            until(lambda: connected() == 0, "all are ended", 20)
        return memory

    few, many = stuck(3), stuck(18)

    # Of 9 MB for each, what is on its way is bounded, also at its peak.
    each = (many - few) / 15
    assert each < 1.5 * MEGABYTE, f"{each / MEGABYTE:.2f} MB"


def test_a_reader_that_stops_for_a_while_hears_why_it_was_dropped(
    streams: Streams,
) -> None:
    streams.write(200, size=8_000)
    plain = streams.raw()
    plain.settimeout(10)
    plain.sendall(frame_of('{"type": "subscribe", "topics": ["jobs"], "after": 0}'))
    time.sleep(2.2)
    heard = b""
    with suppress(OSError):
        while part := plain.recv(65_536):
            heard += part
    plain.close()
    goodbye = heard[heard.rindex(b'{"type":"goodbye"') :]
    assert b'"code":"slow_reader"' in goodbye
    # Up to where it was told is what it can go on from.
    last = json.loads(goodbye[: goodbye.index(b"}") + 1])["sequence"]
    assert b'"sequence":%d,"topic"' % last in heard
    assert b'"sequence":%d,"topic"' % (last + 1) not in heard
    assert goodbye[-13:] == (4408).to_bytes(2, "big") + b"slow_reader"


def test_the_process_that_serves_streams_has_loaded_nothing_that_computes(
    streams: Streams,
) -> None:
    maps = os.path.join("/proc", str(streams.worker.pid), "maps")  # noqa: PTH118
    with open(maps) as file:  # noqa: PTH123
        loaded = file.read()
    assert "numpy" not in loaded
    assert "pyarrow" not in loaded

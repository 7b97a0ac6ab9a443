"""What happens, told through the edge: WebSocket and server-sent events."""

from __future__ import annotations

import json
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.journeys.service import follow
from tests.stack.compose import StackError

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

    from tests.stack.compose import Stack
    from tests.stack.image import Say
    from tests.stack.use import Caller

IMPORT = {
    "symbol": "BTC/USDT",
    "timeframe": "1d",
    "start": "2021-01-01T00:00:00Z",
    "end": "2021-02-01T00:00:00Z",
}
LATER = IMPORT | {"start": "2021-02-01T00:00:00Z", "end": "2021-03-01T00:00:00Z"}
STATES = ["queued", "running", "succeeded"]
WAIT_SECONDS = 30.0


class Listener:
    """One WebSocket that follows jobs, and comes back after the last number it saw."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        self._url = base.replace("https://", "wss://") + "/ws/v1/stream"
        self._headers = headers
        self.sequences: list[int] = []
        # Which job, and what happened to it.
        self.steps: list[tuple[str, str]] = []
        self.connections = 0
        self.said: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Listener:
        """Connect."""
        self._thread.start()
        self.wait(lambda: self.connections > 0, "the stream's welcome")
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join(WAIT_SECONDS)

    def names(self, job: str) -> list[str]:
        """Return what happened to a job, in order."""
        return [name for one, name in self.steps if one == job]

    def wait(self, holds: Any, what: str) -> None:
        """Wait until something holds.

        Raises:
            StackError: It does not in time.
        """
        until = time.monotonic() + WAIT_SECONDS
        while not holds():
            if time.monotonic() > until:
                raise StackError(f"{what} does not come; seen: {self.steps}")
            time.sleep(0.05)

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                with connect(
                    self._url,
                    additional_headers=self._headers,
                    ssl=unverified(),
                    open_timeout=5,
                ) as socket:
                    self._follow(socket)
            except (OSError, ConnectionClosed, InvalidStatus, TimeoutError):
                time.sleep(0.2)

    def _follow(self, socket: ClientConnection) -> None:
        after = self.sequences[-1] if self.sequences else 0
        asked = {"type": "subscribe", "topics": ["jobs"], "after": after}
        socket.send(json.dumps(asked))
        while not self._ended.is_set():
            try:
                message = json.loads(socket.recv(timeout=0.5))
            except TimeoutError:
                continue
            if message["type"] == "event":
                self.sequences.append(message["sequence"])
                self.steps.append((message["body"]["id"], message["name"]))
            elif message["type"] == "subscribed":
                self.connections += 1
            elif message["type"] in {"goodbye", "error"}:
                self.said.append(message["code"])


def unverified() -> ssl.SSLContext:
    """Return what takes the stack's self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def streams_check(stack: Stack, base: str, caller: Caller, say: Say) -> None:
    """Follow jobs over both kinds of stream, also over a restart of the streams.

    Raises:
        StackError: An event is lost, doubled, or not told.
    """
    with Listener(base, caller.headers) as listener:
        # Work of before may still be going on: each job is followed by itself.
        first = _simulate(caller.client, IMPORT)
        listener.wait(lambda: listener.names(first) == STATES, "a job's events")
        stack.compose("restart", "--timeout", "30", "streams")
        later = _simulate(caller.client, LATER)
        listener.wait(lambda: listener.names(later) == STATES, "the events after it")
    told = listener.sequences
    if told != list(range(told[0], told[0] + len(told))):
        raise StackError(f"events were lost or doubled: {told}")
    if listener.connections < 2 or "going_away" not in listener.said:
        raise StackError(f"the restart was not told: {listener.said}")
    if (again := _server_sent(caller.client, len(told))) != told:
        raise StackError(f"server-sent events tell {again}, the WebSocket {told}")
    stack.wait_healthy("streams")
    say(
        f"streams: {len(told)} events over a WebSocket through a restart of it, none "
        "lost or doubled; the same as server-sent events"
    )


def _simulate(client: httpx.Client, body: dict[str, str]) -> str:
    """Import candles, and wait for it; returns the job's id."""
    answer = client.post("/api/v1/candle-series/simulate/", json=body)
    answer.raise_for_status()
    follow(client, answer.headers["Location"])
    return str(answer.json()["id"])


def _server_sent(client: httpx.Client, most: int) -> list[int]:
    told: list[int] = []
    with client.stream("GET", "/api/v1/events/?topics=jobs&after=0") as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line.startswith("data: ") and '"sequence"' in line:
                message = json.loads(line.removeprefix("data: "))
                told += [message["sequence"]] if message["type"] == "event" else []
            if len(told) == most:
                return told
    return told

"""Readers of streams, in a process of their own, for `bench_streams`.

    python -m tests.benchmarks.stream_clients <what> --address 127.0.0.1:8000 --token …

Writes what they found as one line of JSON, when they are told on standard input to stop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import sys
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

PAUSE_SECONDS = 0.1
OPENING = 50  # at the same time
STAMP = re.compile(r'"t":(\d+)')
VENUE_TIME = re.compile(r'"venue_time":"([0-9T:.Z-]+)"')
SAMPLED = 8  # of each frame, where a stamp is text that costs time to read
BINS_MS = 5_000
GONE = (OSError, WebSocketException, httpx.HTTPError, TimeoutError, EOFError)


def websocket(options: Any) -> connect:
    """Return a connection that is about to be opened."""
    return connect(
        f"ws://{options.address}/ws/v1/stream",
        additional_headers={"Authorization": f"Token {options.token}"},
        compression=None,
        max_size=None,
        open_timeout=30,
        ping_interval=None,
    )


async def follow(
    socket: ClientConnection, topics: list[str], after: int | None
) -> dict[str, Any]:
    """Follow topics; returns the answer."""
    said = {"type": "subscribe", "topics": topics}
    await socket.send(json.dumps(said if after is None else said | {"after": after}))
    while True:
        message: dict[str, Any] = json.loads(await socket.recv())
        if message["type"] != "welcome":
            return message


# --- many who only listen


async def idle(options: Any, stop: asyncio.Event) -> dict[str, Any]:
    """Hold many connections open, each of which follows its user's jobs."""
    turn = asyncio.Semaphore(OPENING)

    async def listen() -> ClientConnection:
        async with turn:
            socket = await websocket(options)
            await follow(socket, ["jobs"], None)
            return socket

    began = time.monotonic()
    sockets = await asyncio.gather(*(listen() for _ in range(options.clients)))
    print(json.dumps({"opened": len(sockets), "s": time.monotonic() - began}))
    sys.stdout.flush()
    await stop.wait()
    told = json.dumps({"type": "ping"})
    await asyncio.gather(*(socket.send(told) for socket in sockets))
    alive = await asyncio.gather(*(_pong(socket) for socket in sockets))
    return {"alive": sum(alive)}


async def _pong(socket: ClientConnection) -> bool:
    async with asyncio.timeout(60):
        while json.loads(await socket.recv())["type"] != "pong":
            continue
    return True


# --- readers who come again


class Reader:
    """Reads the outbox through every interruption; remembers each number.

    Args:
        options: Where, and as whom.
    """

    def __init__(self, options: Any) -> None:
        self._options = options
        self.seen: list[int] = []
        self.connections = 0
        # Anything but events and what belongs to a stream that is well.
        self.complaints: list[str] = []

    @property
    def last(self) -> int:
        """Return the last number that was seen."""
        return self.seen[-1] if self.seen else 0

    async def read(self, kind: str) -> None:
        """Read until cancelled."""
        once = self._websocket if kind == "websocket" else self._sse
        while True:
            with suppress(*GONE):
                await once()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _websocket(self) -> None:
        async with websocket(self._options) as socket:
            answer = await follow(socket, ["jobs"], self.last)
            if answer["type"] != "subscribed":
                raise SystemExit(answer)
            self.connections += 1
            async for text in socket:
                message = json.loads(text)
                self._take(message["type"], message)

    async def _sse(self) -> None:
        headers = {
            "Authorization": f"Token {self._options.token}",
            "Last-Event-ID": str(self.last),
        }
        url = f"http://{self._options.address}/api/v1/events/?topics=jobs"
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(5, read=30)) as http,
            http.stream("GET", url, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise SystemExit((await answer.aread()).decode())
            self.connections += 1
            event = ""
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    self._take(event, json.loads(value))

    def _take(self, kind: str, message: dict[str, Any]) -> None:
        if kind == "event":
            self.seen.append(message["sequence"])
        elif kind == "goodbye" and message["code"] in {"going_away", "renew"}:
            return
        elif kind not in {"heartbeat", "welcome"}:
            self.complaints.append(message.get("code", kind))


async def resume(options: Any, stop: asyncio.Event) -> dict[str, Any]:
    """Read the outbox by both ways, until told to stop and all is read."""
    readers = [Reader(options) for _ in range(options.clients)]
    kinds = ["websocket", "sse"]
    tasks = [
        asyncio.create_task(reader.read(kinds[number % 2]))
        for number, reader in enumerate(readers)
    ]
    last = int(await asyncio.to_thread(sys.stdin.readline))
    until = time.monotonic() + 60
    while time.monotonic() < until and any(one.last < last for one in readers):
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    whole = range(1, last + 1)
    return {
        "lost": sum(len(set(whole) - set(one.seen)) for one in readers),
        "doubled": sum(len(one.seen) - len(set(one.seen)) for one in readers),
        "disordered": sum(one.seen != sorted(one.seen) for one in readers),
        "connections": sum(one.connections for one in readers),
        "complaints": [text for one in readers for text in one.complaints],
    }


# --- readers of prices


async def prices(options: Any, stop: asyncio.Event) -> dict[str, Any]:
    """Read the latest of all symbols; measure how old each value is when it comes."""
    bins = np.zeros(BINS_MS, dtype=np.int64)
    counts = {"frames": 0, "bytes": 0}

    async def read() -> None:
        async with websocket(options) as socket:
            topics = [f"{options.channel}:{n}" for n in options.symbols.split(",")]
            await follow(socket, topics, None)
            async for text in socket:
                now = time.time_ns()
                assert isinstance(text, str)
                stamps = _stamps(text, options.stamp)
                if len(stamps) and now - begun > options.warm * 1e9:
                    ages = np.clip((now - stamps) // 1_000_000, 0, BINS_MS - 1)
                    np.add.at(bins, ages, 1)
                    counts["frames"] += 1
                    counts["bytes"] += len(text)

    begun = time.time_ns()
    tasks = [asyncio.create_task(read()) for _ in range(options.clients)]
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    shares = np.cumsum(bins) / max(1, bins.sum())
    return counts | {
        "values": int(bins.sum()),
        "p50": int(np.searchsorted(shares, 0.5)),
        "p99": int(np.searchsorted(shares, 0.99)),
        "max": int(np.max(np.nonzero(bins))) if bins.any() else 0,
    }


def _stamps(text: str, kind: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return when what is in a frame was sent, nanoseconds since the epoch."""
    if kind == "t":
        return np.array(STAMP.findall(text), dtype=np.int64)
    found = VENUE_TIME.findall(text)
    some = found[:: max(1, len(found) // SAMPLED)]
    times = [datetime.fromisoformat(one).timestamp() for one in some]
    return (np.array(times) * 1e9).astype(np.int64)


async def main(options: Any) -> None:
    """Do it until standard input has a line, and print what was found."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if options.what != "resume":
        loop.add_reader(sys.stdin.fileno(), stop.set)
    found = await {"idle": idle, "resume": resume, "prices": prices}[options.what](
        options, stop
    )
    print(json.dumps(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("idle", "resume", "prices"))
    parser.add_argument("--address", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--channel", default="tickers:simulated")
    parser.add_argument("--symbols", default="")
    parser.add_argument("--stamp", choices=("t", "venue_time"), default="t")
    parser.add_argument("--warm", type=float, default=3.0)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(parser.parse_args()))

"""A server of streams of a test's own, its user, and what is written beside it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psutil
from websockets.sync.client import connect

from tests.edge.servers import ROOT, environment, free_port, manage, run_python, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from websockets.sync.client import ClientConnection

MEGABYTE = 1024 * 1024
STREAM = "/ws/v1/stream"

# Patience that a test can wait for.
HASTY = """
exec(open({config!r}).read())

def post_worker_init(worker):
    from dataclasses import replace
    import apps.stream.hub as hub
    import config.stream_server as server
    usual = hub.hub_limits
    hub.hub_limits = lambda: replace(usual(), stall_seconds=1.0)
    server.STREAM_STALL_SECONDS = 6.0
"""

WRITE = """
import django
django.setup()
from uuid import UUID
from django.db import transaction
from django.utils import timezone
from apps.core.outbox.recording import event_record
for number in range({count}):
    with transaction.atomic():
        event_record(owner=UUID({owner!r}), topic="jobs", name="queued",
                     body={{"n": number, "text": "x" * {size}}}, now=timezone.now())
"""

PRICES = """
import django
django.setup()
import asyncio
from apps.stream.latest import latest_store
async def write():
    store = latest_store()
    for round in range({rounds}):
        values = {{f"S{{n}}/USDT": b'{{"p":%d,"text":"%s"}}' % (round, b"x" * 300)
                  for n in range({symbols})}}
        await store.write("tickers:simulated", values)
        await asyncio.sleep({pause})
asyncio.run(write())
"""


@dataclass(slots=True)
class Streams:
    """A server of streams.

    Attributes:
        settings: Its environment.
        folder: Where its log is.
        config: Gunicorn's.
        owner: The id of its user.
        token: Of that user.
        port: Where it listens.
    """

    settings: Mapping[str, str]
    folder: Path
    config: Path
    owner: str
    token: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "config.asgi:application"]
        command += ["--config", str(self.config), "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", "1", "--log-level", "warning"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command, cwd=ROOT, env=dict(self.settings), stdout=output, stderr=output
            )
        until(self.alive, "the server answers")

    @property
    def log(self) -> Path:
        """Return where its log is."""
        return self.folder / "streams.log"

    @property
    def worker(self) -> psutil.Process:
        """Return the process with the loop."""
        assert self.process is not None
        until(lambda: bool(self._children()), "there is a worker")
        return self._children()[0]

    def _children(self) -> list[psutil.Process]:
        assert self.process is not None
        return list(psutil.Process(self.process.pid).children())

    def alive(self) -> bool:
        """Return whether it answers."""
        try:
            live = f"http://127.0.0.1:{self.port}/api/health/live/"
            return httpx.get(live, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def terminate(self) -> float:
        """Stop it in order; returns how long that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(30)
        return time.monotonic() - began

    @property
    def headers(self) -> dict[str, str]:
        """Return who asks."""
        return {"Authorization": f"Token {self.token}"}

    def connect(self) -> ClientConnection:
        """Open a WebSocket."""
        return connect(
            f"ws://127.0.0.1:{self.port}{STREAM}",
            additional_headers=self.headers,
            compression=None,
            max_size=None,
        )

    def raw(self) -> socket.socket:
        """Open a WebSocket that nothing is read from, but by the test itself."""
        plain = socket.create_connection(("127.0.0.1", self.port))
        request = (
            f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Token {self.token}\r\n\r\n"
        )
        plain.sendall(request.encode())
        plain.settimeout(10)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += plain.recv(1)
        return plain

    def write(self, count: int, size: int = 10) -> None:
        """Record events in a process beside it."""
        run_python(
            self.settings, WRITE.format(owner=self.owner, count=count, size=size)
        )

    def prices(self, rounds: int, symbols: int = 100, pause: float = 0.0) -> None:
        """Write prices in a process beside it."""
        run_python(
            self.settings, PRICES.format(rounds=rounds, symbols=symbols, pause=pause)
        )


def hear(connection: ClientConnection, kind: str, seconds: float = 10) -> Any:
    """Return the next message of a kind."""
    end = time.monotonic() + seconds
    while True:
        text = connection.recv(timeout=max(0.0, end - time.monotonic()))
        message = json.loads(text)
        if message["type"] == kind:
            return message


def follow(connection: ClientConnection, *topics: str, **values: Any) -> Any:
    """Follow topics; returns the answer."""
    text = json.dumps({"type": "subscribe", "topics": topics, **values})
    connection.send(text)
    hear(connection, "welcome")
    return json.loads(connection.recv(timeout=10))


def frame_of(text: str) -> bytes:
    """Return a short text as a client sends it on a socket."""
    body = text.encode()
    mask = b"\0\0\0\0"
    length = (
        bytes([0x80 | len(body)])
        if len(body) < 126
        else b"\xfe" + len(body).to_bytes(2, "big")
    )
    return b"\x81" + length + mask + body


@contextmanager
def streams_run(folder: Path, **changed: str) -> Iterator[Streams]:
    """Run a server on a database of its own, with one user."""
    settings = environment(folder, DJANGO_SETTINGS_MODULE="config.settings", **changed)
    assert manage(settings, "migrate", "-v0").returncode == 0
    made = run_python(
        settings,
        textwrap.dedent(
            """
            import django
            django.setup()
            from apps.users.models import User
            from rest_framework.authtoken.models import Token
            user = User.objects.create_user("ada")
            print(user.pk, Token.objects.create(user=user).key)
            """
        ),
    )
    owner, token = made.split()[-2:]
    config = folder / "gunicorn.conf.py"
    config.write_text(HASTY.format(config=str(ROOT / "config" / "gunicorn.conf.py")))
    server = Streams(settings, folder, config, owner, token)
    server.start()
    try:
        yield server
    finally:
        server.terminate()

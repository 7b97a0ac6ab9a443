"""A Redis of one's own, on a free port, to be killed and frozen at will."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Self

from redis import Redis, RedisError

from apps.core.processes import die_with_parent

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = "127.0.0.1"
BINARY = shutil.which("redis-server")
READY_SECONDS = 10.0


class RedisServer:
    """Runs until the block ends; what it held is gone when it is killed.

    Args:
        folder: Where it may write.
        durable: Whether to keep what it holds as an installation should.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._folder = folder
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert BINARY
        command = [BINARY, "--bind", LOOPBACK, "--port", str(self.port), "--save", ""]
        command += ["--appendonly", "yes" if self._durable else "no"]
        command += ["--dir", str(self._folder), "--logfile", "redis.log"]
        self._process = subprocess.Popen(  # noqa: S603
            command,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509
        )
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                with Redis.from_url(self.url) as client:
                    client.ping()
                break
            except RedisError:
                assert time.monotonic() < until, "redis-server does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        """Kill it outright."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Have it accept connections, and answer none."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it answer again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

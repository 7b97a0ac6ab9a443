"""The Gunicorn worker class."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]  # ships none
from uvicorn_worker import UvicornWorker

from config.stream_server import StreamServer

# Room for a message of too many topics, which is answered rather than cut off.
MESSAGE_MOST_BYTES = 1024 * 1024


class Worker(UvicornWorker):  # type: ignore[misc]  # ships no types
    """A Uvicorn worker that lets go of open streams soon after it is told to stop."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "lifespan": "off",
        "ws": "config.stream_server:StreamProtocol",
        "ws_max_size": MESSAGE_MOST_BYTES,
        # A peer that has vanished is noticed.
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        # Its memory for each connection is more than all else of it.
        "ws_per_message_deflate": False,
        "timeout_graceful_shutdown": 3,
    }

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = StreamServer(config=self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

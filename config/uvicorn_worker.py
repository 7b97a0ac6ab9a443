"""The Gunicorn worker class."""

from __future__ import annotations

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):  # type: ignore[misc]  # ships no types
    """A Uvicorn worker that lets go of open streams soon after it is told to stop."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "lifespan": "off",
        # Nobody here speaks WebSocket yet.
        "ws": "none",
        "timeout_graceful_shutdown": 3,
    }

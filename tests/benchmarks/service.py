"""A whole service of its own for a benchmark, and a client of it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
READY_SECONDS, JOB_SECONDS, STOP_SECONDS = 60.0, 120.0, 20.0
POLL_SECONDS = 0.02
SERIES = {
    "symbol": "BTC/USDT",
    "timeframe": "1h",
    "start": "2021-01-01T00:00:00Z",
    "end": "2024-12-29T08:00:00Z",
}
SERIES_BARS = 35_000


@contextmanager
def environment(log_level: str = "WARNING") -> Iterator[Path]:
    """Give this process and its children settings and a data folder of their own.

    To be entered before Django is loaded; yields the data folder.
    """
    with tempfile.TemporaryDirectory(prefix="parallax-bench-") as folder:
        os.environ.update(
            {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "SECRET_KEY": secrets.token_urlsafe(48),
                "DATA_DIR": folder,
                "DATABASE_URL": f"sqlite:///{Path(folder) / 'parallax.sqlite3'}",
                "DEBUG": "false",
                "HTTPS_ONLY": "false",
                "LOG_LEVEL": log_level,
                "LOG_FORMAT": "console",
                "THROTTLE_USER": "1000000/hour",
            }
        )
        yield Path(folder)


def port_free() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def service(*, web_processes: int = 1) -> Iterator[tuple[Client, int]]:
    """Run the service until the block ends; `environment` must have been entered.

    Yields:
        A client that is logged in, and the id of the service's first process.
    """
    token = _token()
    address = f"{LOOPBACK}:{port_free()}"
    command = [sys.executable, "manage.py", "run_service", "--bind", address]
    command += ["--web-processes", str(web_processes)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    ) as running:
        try:
            headers = {"Authorization": f"Token {token}"}
            with httpx.Client(
                base_url=f"http://{address}", headers=headers, timeout=30
            ) as http:
                client = Client(http)
                client.ready()
                yield client, running.pid
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(STOP_SECONDS)


def _token() -> str:
    """Make the database, and a user in it; returns the user's token."""
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from apps.users.models import User  # noqa: PLC0415
    from apps.users.services import token_issue  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    return str(token_issue(user=User.objects.create_user(username="bench")))


class Client:
    """What a benchmark asks of the service.

    Args:
        http: Knows the address and the token.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ready(self) -> None:
        """Wait until the service answers."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            try:
                self.get("/api/health/")
            except httpx.TransportError:
                time.sleep(POLL_SECONDS)  # not listening yet
            else:
                return
        msg = f"the service was not ready within {READY_SECONDS:g} s"
        raise SystemExit(msg)

    def get(self, path: str) -> httpx.Response:
        """Return the answer to a GET, which must be a good one."""
        return self._http.get(path).raise_for_status()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return what a POST made."""
        key = {"Idempotency-Key": secrets.token_hex(8)}
        answer = self._http.post(path, json=body, headers=key).raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def follow(self, path: str) -> dict[str, Any]:
        """Return a job once it has succeeded."""
        until = time.monotonic() + JOB_SECONDS
        while time.monotonic() < until:
            job: dict[str, Any] = self.get(path).json()
            if job["state"] == "succeeded":
                return job
            if job["state"] in {"failed", "cancelled"}:
                break
            time.sleep(POLL_SECONDS)
        msg = f"{path} did not succeed: {job}"
        raise SystemExit(msg)

    def series_make(self) -> str:
        """Import synthetic candles, `SERIES_BARS` of them; returns the series' id."""
        job = self.post("/api/v1/candle-series/simulate/", SERIES)
        return str(self.follow(job["_links"]["self"])["result"]["series_id"])

    def strategy_make(self) -> str:
        """Make a strategy of two averages; returns its id."""
        return str(self.post("/api/v1/strategies/", {"template": "sma_cross"})["id"])

    def idle(self) -> None:
        """Wait until no job is queued or running."""
        for job in self.get("/api/v1/jobs/?limit=5").json()["results"]:
            self.follow(job["_links"]["self"])

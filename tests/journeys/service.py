"""The whole service as processes of its own, on a database and a folder of its own."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 3.0
# Of whoever waits for the service, however busy the machine is with other tests.
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and how to reach it."""

    process: psutil.Process
    address: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an admin task on the service's database."""
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def client(self, name: str) -> httpx.Client:
        """Return a client that is signed in as a new user of this name."""
        password = secrets.token_urlsafe(16)
        code = (
            "from apps.users.models import User;"
            f"User.objects.create_user({name!r}, password={password!r})"
        )
        done = self.manage("shell", "-c", code)
        assert done.returncode == 0, done.stderr
        answer = httpx.post(
            f"{self.address}/api/v1/auth/token/",
            json={"username": name, "password": password},
            timeout=PATIENCE_SECONDS,
        )
        return httpx.Client(
            base_url=self.address,
            timeout=PATIENCE_SECONDS,
            headers={"Authorization": f"Token {answer.json()['token']}"},
        )

    def worker(self) -> psutil.Process:
        """Return the process that does jobs."""
        for process in self.process.children(recursive=True):
            if process.name().startswith("parallax: worke") or (
                process.cmdline()
                and process.cmdline()[0].startswith("parallax: worker")
            ):
                return process
        msg = "there is no worker"
        raise AssertionError(msg)


def follow(client: httpx.Client, where: str, seconds: float = 90) -> dict[str, Any]:
    """Wait until a job has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(where).json()
        if job["state"] in {"succeeded", "failed", "cancelled"}:
            return job
        time.sleep(0.05)
    msg = f"the job has not ended after {seconds} s: {job}"
    raise AssertionError(msg)


@contextmanager
def service_run(folder: Path, **settings: str) -> Iterator[Service]:
    """Start all of it; stop it as Ctrl-C does, and see that its processes are gone.

    Args:
        folder: Where its data and its database are.
        **settings: Of the environment, by name, over those of a test.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "HTTPS_ONLY": "false",
        "LOG_LEVEL": "WARNING",
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": f"sqlite:///{folder / 'parallax.sqlite3'}",
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"],
        "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "THROTTLE_USER": "100000/hour",
        "THROTTLE_ANON": "100000/hour",
        "THROTTLE_LOGIN": "1000/minute",
        "UPLOAD_MAX_BYTES": str(4 * 1024**2),
        **settings,
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    started = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "manage.py", "run_service", "--bind", bind],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    process = psutil.Process(started.pid)
    try:
        _await_health(f"http://{bind}")
        yield Service(process, f"http://{bind}", environment)
    finally:
        family = process.children(recursive=True)
        started.send_signal(signal.SIGINT)
        assert started.wait(PATIENCE_SECONDS) == 0
        _, left = psutil.wait_procs(family, timeout=30)
        running = [one for one in left if one.status() != psutil.STATUS_ZOMBIE]
        assert running == []


def _await_health(address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/api/health/").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    msg = "the service did not become healthy"
    raise AssertionError(msg)

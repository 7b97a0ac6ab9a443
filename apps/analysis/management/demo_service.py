"""The demo's service: started for it, spoken to over HTTP, stopped after it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from django.core.management.base import CommandError
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

READY_SECONDS = 60.0
JOB_SECONDS = 300.0
STOP_SECONDS = 20.0
LOOPBACK = "127.0.0.1"


class DemoClient:
    """A client of the service's API that shows what it waits for.

    Args:
        http: Speaks to the service as the demo's user.
        console: Where progress is shown.
    """

    def __init__(self, http: httpx.Client, console: Console) -> None:
        self._http = http
        self._console = console

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return an answer's JSON.

        Raises:
            CommandError: The answer is an error; it is quoted.
        """
        return self._checked(method, path, **options).json()

    def page(self, path: str) -> bytes:
        """Return a file's bytes."""
        return self._checked("GET", path).content

    def follow(self, where: str, name: str) -> dict[str, Any]:
        """Show a job's progress until it has ended, and return it.

        Raises:
            CommandError: It failed, was cancelled, or takes too long.
        """
        columns = (
            TextColumn("{task.fields[name]:<9}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} % {task.description}"),
        )
        until = time.monotonic() + JOB_SECONDS
        # A log wants no bars, nor the empty lines that they leave.
        shown: dict[str, Any] = {
            "console": self._console,
            "transient": True,
            "disable": not self._console.is_terminal,
        }
        with Progress(*columns, **shown) as progress:
            bar = progress.add_task("queued", total=1.0, name=name)
            while time.monotonic() < until:
                job: dict[str, Any] = self.call("GET", where)
                progress.update(
                    bar,
                    completed=job["progress"],
                    description=job["progress_message"] or job["state"],
                )
                if job["state"] == "succeeded":
                    return job
                if job["state"] in {"failed", "cancelled"}:
                    msg = f"the {name} {job['state']}: {job['error']}"
                    raise CommandError(msg)
                time.sleep(0.1)
        msg = f"the {name} did not end within {JOB_SECONDS:g} s"
        raise CommandError(msg)

    def _checked(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self._http.request(method, path, **options)
        if answer.is_error:
            msg = f"{method} {path} answered {answer.status_code}: {answer.text}"
            raise CommandError(msg)
        return answer


@contextmanager
def demo_service(token: str, console: Console) -> Iterator[DemoClient]:
    """Start the service on a free port of loopback, and stop it afterwards.

    Args:
        token: Of the user as whom the client speaks.
        console: Where progress is shown.

    Raises:
        CommandError: The service does not become ready.
    """
    port = _free_port()
    service = _start(port)
    try:
        with httpx.Client(
            base_url=f"http://{LOOPBACK}:{port}",
            headers={"Authorization": f"Token {token}"},
            timeout=30,
        ) as http:
            _await_ready(http, service)
            console.print(f"service ready at http://{LOOPBACK}:{port}")
            yield DemoClient(http, console)
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _start(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [
            sys.executable,
            "manage.py",
            "run_service",
            "--bind",
            f"{LOOPBACK}:{port}",
            "--web-processes",
            "1",
        ],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await_ready(http: httpx.Client, service: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if service.poll() is not None:
            msg = f"the service ended with code {service.returncode}"
            raise CommandError(msg)
        try:
            if http.get("/api/health/").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            # Not listening yet.
            time.sleep(0.1)
    msg = f"the service was not ready within {READY_SECONDS:g} s"
    raise CommandError(msg)

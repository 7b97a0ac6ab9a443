"""Runs the whole service on one machine: all its processes together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.database import database_require
from apps.core.processes import die_with_parent

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from types import FrameType

# Longer than a worker needs to give its job back and end its engines.
STOP_SECONDS = 15.0


class Command(BaseCommand):
    """`manage.py run_service --bind 127.0.0.1:8000 --processes 1`."""

    help = (
        "Run the web server, a worker, the scheduler, the feed of live prices and the "
        "trading process until stopped; all stop together. "
        "Example: manage.py run_service --bind 127.0.0.1:8000"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", help="Address (127.0.0.1:8000)."
        )
        parser.add_argument(
            "--web-processes", type=int, default=2, help="Web processes (2)."
        )
        parser.add_argument(
            "--processes",
            type=int,
            default=1,
            help="Jobs of each queue at the same time (1).",
        )
        parser.add_argument(
            "--reload", action="store_true", help="Restart the web server on changes."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        database_require()
        self._stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        parts = {
            "web server": _web(options),
            "worker": _worker(options),
            "scheduler": _task("run_scheduler"),
            "feed": _task("run_streams"),
            "trading": _task("run_trading"),
        }
        self.stdout.write(f"Parallax on http://{options['bind']}/api/docs/")
        try:
            while not self._stopping:
                for name, part in parts.items():
                    if part.poll() is not None:
                        msg = f"the {name} ended with code {part.returncode}"
                        raise CommandError(msg)
                time.sleep(0.1)
        finally:
            _end(parts)
        self.stdout.write("stopped")

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping = True


def _web(options: dict[str, Any]) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "config.asgi:application",
        "--config",
        "config/gunicorn.conf.py",
        "--bind",
        options["bind"],
        "--workers",
        str(options["web_processes"]),
        "--log-level",
        "warning",
    ]
    if options["reload"]:
        # Gunicorn cannot reload what it has loaded before the fork.
        command += ["--reload", "--no-preload"]
    return _start(command)


def _worker(options: dict[str, Any]) -> subprocess.Popen[bytes]:
    processes = str(options["processes"])
    return _start([sys.executable, "manage.py", "run_worker", "--processes", processes])


def _task(name: str) -> subprocess.Popen[bytes]:
    return _start([sys.executable, "manage.py", name])


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us, and we stop the parts in order. Where
    # we are killed outright, they end with us, so that the port is free for the next.
    return subprocess.Popen(  # noqa: S603
        command,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - no threads yet
    )


def _end(parts: dict[str, subprocess.Popen[bytes]]) -> None:
    for part in parts.values():
        if part.poll() is None:
            part.terminate()
    for part in parts.values():
        try:
            part.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()

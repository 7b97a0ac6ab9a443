"""The small programs of the image, run as the image runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class _Answer(BaseHTTPRequestHandler):
    status = 200
    hosts: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def probe(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-E", str(ROOT / "docker/healthcheck.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_server_that_answers_is_healthy(server: HTTPServer) -> None:
    bind = f"0.0.0.0:{server.server_port}"
    assert probe(GUNICORN_BIND=bind).returncode == 0


def test_a_server_that_answers_an_error_is_not(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Answer, "status", 503)
    done = probe(f":{server.server_port}")
    assert (done.returncode, done.stderr) == (1, "it answered 503\n")


@pytest.mark.parametrize(
    ("allowed", "asked"),
    [
        ("", "localhost"),
        ("*", "localhost"),
        ("trade.example.org,app", "trade.example.org"),
        (".example.org", "probe.example.org"),
    ],
)
def test_the_probe_asks_for_a_name_that_the_service_answers_to(
    server: HTTPServer, allowed: str, asked: str
) -> None:
    assert probe(f":{server.server_port}", ALLOWED_HOSTS=allowed).returncode == 0
    assert _Answer.hosts[-1] == asked


def test_nobody_listening_is_not_healthy() -> None:
    done = probe(":1")
    assert done.returncode == 1
    assert "does not answer" in done.stderr


def test_a_process_without_a_port_is_as_healthy_as_its_last_sign(
    tmp_path: Path,
) -> None:
    sign = tmp_path / "sign"
    assert "has not begun" in probe(str(sign)).stderr
    sign.touch()
    assert probe(str(sign)).returncode == 0
    old = time.time() - 60
    os.utime(sign, (old, old))
    assert re.search(r"silent for 6\d s", probe(str(sign)).stderr)


def test_a_process_that_begins_while_it_is_looked_at_is_waited_for(
    tmp_path: Path,
) -> None:
    sign = tmp_path / "sign"
    begins = threading.Timer(1, sign.touch)
    begins.start()
    asked = time.monotonic()
    assert probe(str(sign), "30").returncode == 0
    assert time.monotonic() - asked < 30
    begins.join()


def subset(engines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, str(ROOT / "docker/lock_subset.py"), "--engines", engines],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_engines_install_the_whole_lock() -> None:
    done = subset("vectorbt,nautilus,freqtrade,hftbacktest")
    assert done.stdout == (ROOT / "requirements.lock").read_text()


def test_an_unknown_engine_is_named_with_those_that_there_are() -> None:
    done = subset("vectorbt,backtrader")
    assert done.returncode == 1
    assert "no engine backtrader; known: freqtrade, hftbacktest" in done.stderr

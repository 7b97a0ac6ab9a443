"""A scrape of any worker tells of all, and recycled workers neither lose nor pile up."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from config.metrics_files import place_choose

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LIVE = "/api/health/live/"
WORKERS, PER_WORKER, REQUESTS = 2, 8, 40
READY_SECONDS = 60.0


class Service:
    """Gunicorn as it is started in life, whose workers end after a few requests."""

    def __init__(self, process: psutil.Popen, http: httpx.Client) -> None:
        self.process = process
        self.http = http

    def get(self, path: str) -> httpx.Response:
        """Ask until a worker answers: one that ends may have taken the connection."""
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self.http.get(path).raise_for_status()
            except httpx.TransportError:
                assert self.process.is_running()
                assert time.monotonic() < until
                time.sleep(0.05)

    def total(self) -> float:
        """Return how many requests to the probe all workers have counted."""
        name = (
            f'parallax_http_requests_total{{method="GET",route="{LIVE}",status="200"}}'
        )
        (line,) = re.findall(
            rf"^{re.escape(name)} (.*)$", self.get("/metrics").text, re.MULTILINE
        )
        return float(line)

    def folder(self) -> Path:
        """Return where the workers count."""
        mapped = {
            Path(part.path).parent
            for worker in self.process.children()
            for part in worker.memory_maps()
            if part.path.endswith(".db")
        }
        (folder,) = mapped
        return folder


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = os.environ | {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'parallax.sqlite3'}",
        "REDIS_URL": "",
        "HTTPS_ONLY": "false",
    }
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)  # noqa: S603
    command = [
        *(sys.executable, "-m", "gunicorn", "config.asgi:application"),
        *("--config", "config/gunicorn.conf.py", "--bind", address),
        *("--workers", str(WORKERS), "--log-level", "critical"),
        *("--max-requests", str(PER_WORKER), "--max-requests-jitter", "0"),
    ]
    process = psutil.Popen(command, cwd=ROOT, env=environment)
    # A new connection each time, so that every worker gets its share.
    limits = httpx.Limits(max_keepalive_connections=0)
    try:
        with httpx.Client(base_url=f"http://{address}", limits=limits) as http:
            yield Service(process, http)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def test_workers_that_are_recycled_and_killed_lose_no_count_and_leave_no_files(
    service: Service,
) -> None:
    service.get(LIVE)
    first = {one.pid for one in service.process.children()}
    for _ in range(REQUESTS - 1):
        service.get(LIVE)
    folder = service.folder()
    assert not first & {one.pid for one in service.process.children()}
    assert service.total() == REQUESTS

    service.process.children()[0].send_signal(signal.SIGKILL)
    for _ in range(WORKERS):
        service.get(LIVE)

    assert service.total() == REQUESTS + WORKERS
    # Three kinds of them, for each place and for the master.
    assert len(list(folder.iterdir())) <= 3 * (WORKERS + 1)
    service.process.terminate()
    service.process.wait(30)
    assert not folder.exists()


def test_processes_that_serve_no_requests_load_nothing_that_counts_them() -> None:
    code = (
        "import sys, django; django.setup();"
        "from apps.core.metrics.registry import collector_list;"
        "assert collector_list(); print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_a_worker_takes_the_first_place_that_is_free() -> None:
    server = SimpleNamespace(WORKERS={})
    places = []
    for pid in range(4):
        worker = SimpleNamespace()
        place_choose(server, worker)
        server.WORKERS[pid] = worker
        places.append(worker.metrics_place)
        if pid == 2:
            del server.WORKERS[1]

    assert places == [1, 2, 3, 2]

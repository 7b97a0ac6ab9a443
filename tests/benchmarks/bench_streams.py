"""Streams: many idle readers, a process that is killed, and prices to many.

    python -m tests.benchmarks.bench_streams --idle 2000 --kills 50 --seconds 60

`--database` names an empty database to use instead of a SQLite file, `--redis` a Redis
for prices; without it they go through files. `--only idle|kills|prices` does one part.

The server is one process with one loop, as `streams` of the stack is. Readers and
writers are programs of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import psutil

from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import READY_SECONDS, ROOT, environment, port_free

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1024 * 1024
IDLE_MOST_MB = 400
P99_MOST_MS = 250
READERS, WRITERS, EVENTS_PER_SECOND = 20, 2, 40
SYMBOLS, UPDATES, LISTENERS = 100, 5_000, 50
# Memory that is not let go of within a run, beside what is needed to warm up.
FLAT_MB = 20


@dataclass(slots=True)
class Server:
    """The server, which can be killed."""

    address: str
    process: subprocess.Popen[bytes]

    @property
    def worker(self) -> psutil.Process:
        """Return the process with the loop."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            children = psutil.Process(self.process.pid).children()
            if children:
                return children[0]
            time.sleep(0.01)
        msg = "the server has no worker"
        raise SystemExit(msg)

    def ready(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            try:
                httpx.get(f"http://{self.address}/api/health/live/", timeout=2)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return
        msg = "the server is not ready"
        raise SystemExit(msg)


def server_start(address: str) -> Server:
    """Start gunicorn as the stack does, with one worker."""
    command = [sys.executable, "-m", "gunicorn", "config.asgi:application"]
    command += ["--config", "config/gunicorn.conf.py", "--bind", address]
    command += ["--workers", "1", "--log-level", "error", "--max-requests", "0"]
    return Server(address, subprocess.Popen(command, cwd=ROOT))  # noqa: S603


@contextmanager
def server_run() -> Iterator[Server]:
    """Run a server until the block ends."""
    server = server_start(f"127.0.0.1:{port_free()}")
    try:
        server.ready()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(30)


@contextmanager
def program(name: str, what: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Run readers or writers; a line on their input ends them."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", what]
    for option, value in options.items():
        command += [f"--{option}", str(value)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def told(running: subprocess.Popen[str], line: str = "") -> str:
    """End a program, and return the last line that it has printed."""
    output, _ = running.communicate(f"{line}\n", timeout=180)
    lines = output.strip().splitlines()
    return lines[-1] if lines else ""


# --- the three parts


def idle_measure(token: str, clients: int) -> list[Figure]:
    """Hold many connections open, and look at the server's memory."""
    with server_run() as server:
        worker = server.worker
        before = worker.memory_info().rss
        with program(
            "stream_clients",
            "idle",
            address=server.address,
            token=token,
            clients=clients,
        ) as readers:
            assert readers.stdout
            opened = json.loads(readers.stdout.readline())
            time.sleep(5)
            used = worker.memory_info().rss
            busy = worker.cpu_percent(5)
            alive = json.loads(told(readers))["alive"]
    each = (used - before) / clients / 1024
    return [
        Figure(
            f"{clients:,} idle clients: memory of the server",
            f"{used / MEGABYTE:.0f} MB",
            f"{before / MEGABYTE:.0f} MB without any",
            f"{each:.0f} KB each",
            f"{IDLE_MOST_MB} MB",
            used < IDLE_MOST_MB * MEGABYTE,
        ),
        Figure("  of one core, idle", f"{busy:.1f} %"),
        Figure("  opened in", f"{opened['s']:.1f} s"),
        Figure("  alive at the end", f"{alive:,}", met=alive == clients),
    ]


def kills_measure(token: str, owner: str, kills: int) -> list[Figure]:
    """Kill the server again and again while readers read and writers write."""
    from apps.core.outbox.models import OutboxHead  # noqa: PLC0415

    server = server_start(f"127.0.0.1:{port_free()}")
    server.ready()
    rate = EVENTS_PER_SECOND / WRITERS
    with (
        program(
            "stream_clients",
            "resume",
            address=server.address,
            token=token,
            clients=READERS,
        ) as readers,
        program("stream_writers", "events", owner=owner, rate=rate) as first,
        program("stream_writers", "events", owner=owner, rate=rate) as second,
    ):
        time.sleep(3)
        for number in range(kills):
            if number % 10 == 9:
                # All of it, as when its container ends.
                whole = psutil.Process(server.process.pid)
                for one in (whole, *whole.children(recursive=True)):
                    one.send_signal(signal.SIGKILL)
                server.process.wait()
                server = server_start(server.address)
            else:
                server.worker.send_signal(signal.SIGKILL)
            server.ready()
            time.sleep(0.5 + (number % 7) / 5)
        for writer in (first, second):
            told(writer)
        last = OutboxHead.objects.get(owner_id=UUID(owner)).last
        found = json.loads(told(readers, str(last)))
    server.process.terminate()
    server.process.wait(30)
    return [
        Figure(
            f"{kills} kills, {READERS} readers of {last:,} events: lost",
            str(found["lost"]),
            "",
            "",
            "0",
            found["lost"] == 0,
        ),
        Figure(
            "  doubled", str(found["doubled"]), target="0", met=not found["doubled"]
        ),
        Figure("  out of order", str(found["disordered"]), met=not found["disordered"]),
        Figure(
            "  told that something was wrong",
            str(len(found["complaints"])),
            ", ".join(sorted(set(found["complaints"]))),
            "",
            "0",
            not found["complaints"],
        ),
        Figure("  connections", f"{found['connections']:,}"),
    ]


def prices_measure(token: str, seconds: float, redis: str) -> list[Figure]:
    """Send prices to many readers, and see how old they are when they come."""
    channel = "tickers:simulated"
    symbols = ",".join(f"S{number:03}/USDT" for number in range(SYMBOLS))
    common: dict[str, object] = {"channel": channel, "symbols": symbols}
    with (
        server_run() as server,
        program("stream_writers", "prices", rate=UPDATES, **common) as writer,
        program(
            "stream_clients",
            "prices",
            address=server.address,
            token=token,
            clients=LISTENERS,
            **common,
        ) as readers,
    ):
        time.sleep(8)
        worker = server.worker
        worker.cpu_percent()
        writing = psutil.Process(writer.pid)
        writing.cpu_percent()
        memory = [worker.memory_info().rss]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(1)
            memory.append(worker.memory_info().rss)
        busy, busy_writer = worker.cpu_percent(), writing.cpu_percent()
        found = json.loads(told(readers))
        updates = int(told(writer))
    grown = (memory[-1] - memory[0]) / MEGABYTE
    return [
        Figure(
            f"{UPDATES:,} updates/s to {LISTENERS} clients through "
            f"{'Redis' if redis else 'files'}: age, p99",
            f"{found['p99']} ms",
            f"p50 {found['p50']} ms, max {found['max']} ms",
            "",
            f"{P99_MOST_MS} ms",
            found["p99"] < P99_MOST_MS,
        ),
        Figure("  updates", f"{updates:,}"),
        Figure(
            "  values that came",
            f"{found['values']:,} in {found['frames']:,} messages",
            f"{found['bytes'] / seconds / MEGABYTE:.1f} MB/s",
        ),
        Figure("  of one core: server", f"{busy:.0f} %", f"writer {busy_writer:.0f} %"),
        Figure(
            f"  memory of the server after {seconds:g} s",
            f"{memory[-1] / MEGABYTE:.0f} MB",
            f"{memory[0] / MEGABYTE:.0f} MB before",
            "",
            f"{FLAT_MB} MB more",
            grown < FLAT_MB,
        ),
    ]


def measure() -> list[Figure]:
    """Measure all, on one database."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--database")
    parser.add_argument("--redis", default="")
    parser.add_argument("--only", choices=("idle", "kills", "prices"))
    options, _ = parser.parse_known_args()
    with environment(log_level="ERROR"):
        os.environ["STREAM_CONNECTIONS_PER_USER"] = "100000"
        if options.database:
            os.environ["DATABASE_URL"] = options.database
        if options.redis:
            os.environ["REDIS_URL"] = options.redis
        import django  # noqa: PLC0415

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        from apps.users.models import User  # noqa: PLC0415
        from apps.users.services import token_issue  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        user = User.objects.create_user(username=f"bench-{time.time_ns()}")
        token = str(token_issue(user=user))
        parts: dict[str, Any] = {
            "idle": lambda: idle_measure(token, options.idle),
            "kills": lambda: kills_measure(token, str(user.pk), options.kills),
            "prices": lambda: prices_measure(token, options.seconds, options.redis),
        }
        return [
            figure
            for name, part in parts.items()
            if options.only in (None, name)
            for figure in part()
        ]


if __name__ == "__main__":
    report("streams", measure)

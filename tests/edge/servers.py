"""Servers of a test's own, on free ports of loopback, to be stopped under requests."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(holds: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not after {seconds} s: {what}"
        time.sleep(0.05)


@dataclass(slots=True)
class RedisServer:
    """A Redis that keeps nothing."""

    folder: Path
    password: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--dir", str(self.folder)]
        if self.password:
            command += ["--requirepass", self.password]
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.DEVNULL
        )
        until(self._answers, "Redis answers")

    def kill(self) -> None:
        """End it without a word."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Have it hang: connections are taken, nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with Redis(port=self.port, password=self.password or None) as client:
                return bool(client.ping())
        except RedisError:
            return False


@contextmanager
def redis_run(folder: Path, password: str = "") -> Iterator[RedisServer]:
    """Start a Redis; skip the test where there is none to start."""
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server here")
    server = RedisServer(folder, password)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@dataclass(slots=True)
class PostgresServer:
    """A PostgreSQL cluster with the user `parallax` and the database `parallax`."""

    programs: Path
    folder: Path
    owner: str
    port: int = field(default_factory=free_port)

    def url(self, **changed: str) -> str:
        """Return its address, with some parts of it changed."""
        parts = {
            "user": "parallax",
            "password": "not-asked-for",
            "host": "127.0.0.1",
            "port": str(self.port),
            "name": "parallax",
        } | changed
        return "postgres://{user}:{password}@{host}:{port}/{name}".format(**parts)

    def connect(self) -> psycopg.Connection:
        """Return a connection beside the service's."""
        return psycopg.connect(self.url(), autocommit=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off"
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it; `immediate` is a crash, `fast` ends sessions in order."""
        self._control("-m", how, "-w", "stop")

    def create(self) -> None:
        """Make the cluster."""
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "parallax", "--auth=trust", "-E", "UTF8")
        self.start()
        with psycopg.connect(self.url(name="postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE parallax")

    def guard(self, name: str) -> None:
        """Make a database that asks for a password."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
            rules = self.folder / "data" / "pg_hba.conf"
            rule = f"host {name} all 127.0.0.1/32 scram-sha-256\n"
            rules.write_text(rule + rules.read_text())
            connection.execute("ALTER USER parallax PASSWORD 'right'")
            connection.execute("SELECT pg_reload_conf()")

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if getpass.getuser() != self.owner:
            command = ["runuser", "-u", self.owner, "--", *command]
        subprocess.run(  # noqa: S603 - our own command
            command, check=True, cwd="/", stdout=subprocess.DEVNULL
        )


@contextmanager
def postgres_run() -> Iterator[PostgresServer]:
    """Start a cluster; skip the test where there is none to start."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("there is no PostgreSQL server here")
    # It refuses to run as root.
    owner = "postgres" if os.getuid() == 0 else getpass.getuser()
    folder = Path(tempfile.mkdtemp())
    try:
        os.chown(folder, pwd.getpwnam(owner).pw_uid, -1)
        server = PostgresServer(found[-1].parent, folder, owner)
        server.create()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(folder)


def environment(folder: Path, **changed: str) -> dict[str, str]:
    """Return the environment of a service of the test's own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SECRET_KEY": "for-tests-only-" * 5,
        "HTTPS_ONLY": "false",
        "LOG_LEVEL": "WARNING",
        "DATA_DIR": str(folder / "data"),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(folder / "numba")),
        "THROTTLE_USER": "100000/hour",
        "THROTTLE_ANON": "100000/hour",
        "THROTTLE_LOGIN": "1000/minute",
    } | changed


def manage(
    settings: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run an admin task."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def run_python(settings: Mapping[str, str], code: str) -> str:
    """Run code in a fresh process; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=dict(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True, slots=True)
class Web:
    """Web processes, and how to reach them."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def web_run(
    folder: Path, settings: Mapping[str, str], *, workers: int = 1
) -> Iterator[Web]:
    """Start gunicorn as in life; stop it in order."""
    bind = f"127.0.0.1:{free_port()}"
    log = folder / "web.log"
    command = [sys.executable, "-m", "gunicorn", "config.asgi:application"]
    command += ["--config", "config/gunicorn.conf.py", "--bind", bind]
    command += ["--workers", str(workers), "--log-level", "warning"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=dict(settings), stdout=output, stderr=output
        )
    web = Web(f"http://{bind}", process, log)
    try:
        until(lambda: _alive(web), f"the web process serves: {log.read_text()}")
        yield web
    finally:
        process.terminate()
        process.wait(30)


def _alive(web: Web) -> bool:
    assert web.process.poll() is None, web.log.read_text()
    try:
        return httpx.get(f"{web.address}/api/health/live/").status_code == 200
    except httpx.TransportError:
        return False

"""freqtrade as a program of its own: started ahead, given its work, waited for, ended.

It is started with its configuration expected on standard input, so it has imported all it
needs by the time that it waits for us there. Nothing of it runs in our process: it is
under another licence, and what it does to a process ends with its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.core.processes import group_kill
from apps.engines.adapters.freqtrade.config import ENVIRONMENT, FOLDERS, arguments
from apps.engines.adapters.freqtrade.files import export_exists
from apps.engines.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

LAUNCHER = "apps.engines.adapters.freqtrade.launcher"
ROOT = Path(__file__).parents[4]
# A pool removes what has a name of this kind and a process that is gone; see runner.pool.
PREFIX = "parallax-{pid}-freqtrade-"
LOG = "log"
CHUNK = 65_536
EXIT_CODE = -1  # the last field of /proc/PID/stat, see proc(5)


class Program:
    """One run of the program, in a directory that ends with it.

    Args:
        command: What to run; freqtrade, where none is given.

    Raises:
        EngineUnavailable: The program is not there.
    """

    def __init__(self, command: Sequence[str] = ()) -> None:
        path = None if command else _executable()
        self._owner = os.getpid()
        prefix = PREFIX.format(pid=self._owner)
        self.directory = Path(tempfile.mkdtemp(prefix=prefix))
        for name in FOLDERS:
            (self.directory / name).mkdir()
        command = command or (str(path), *arguments(self.directory))
        # A socket and not a pipe: its end can be said by whichever process writes, though
        # others hold it open too.
        self._line, theirs = socket.socketpair()
        with theirs, (self.directory / LOG).open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, our own arguments
                [
                    *(sys.executable, "-m", LAUNCHER),
                    *(str(self._owner), str(self.directory), *command),
                ],
                cwd=ROOT,
                env=_environment(self.directory),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def alive(self) -> bool:
        """Return whether it runs; asked by the process that started it."""
        return self._process.poll() is None

    def run(self, configuration: dict[str, Any]) -> int:
        """Give the program its work and wait for its results.

        It may take as much address space as the process that asks.

        Returns:
            How it ended, as `waitpid` would say it.
        """
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        # One that has ended already cannot be told anything; its log says why.
        with contextlib.suppress(ProcessLookupError, ConnectionError):
            if limit != resource.RLIM_INFINITY:
                resource.prlimit(self.pid, resource.RLIMIT_AS, (limit, limit))
            self._line.sendall(json.dumps(configuration).encode())
            self._line.shutdown(socket.SHUT_WR)
        if self._results_stored():
            return 0
        # Nobody has asked for its status yet, so the kernel keeps it; ours or not.
        return int(Path(f"/proc/{self.pid}/stat").read_text().split()[EXIT_CODE])

    def _results_stored(self) -> bool:
        """Wait until it prints the results that it has stored, or for its end.

        What it does after that, tables and the end of its interpreter, takes it as long
        as a small run.
        """
        process = os.pidfd_open(self.pid)
        try:
            events = select.poll()
            events.register(process, select.POLLIN)
            events.register(self._line, select.POLLIN)
            while True:
                ready = {descriptor for descriptor, _ in events.poll()}
                if process in ready:
                    return False
                if not self._printed():
                    events.unregister(self._line)
                elif export_exists(self.directory):
                    return True
        finally:
            os.close(process)

    def _printed(self) -> bool:
        """Return whether there was something to read, and not the end."""
        try:
            return bool(self._line.recv(CHUNK))
        except ConnectionResetError:
            return False  # it ended without reading all that it was given

    def log(self) -> str:
        """Return what it has said of itself."""
        return (self.directory / LOG).read_text(errors="replace")

    def close(self) -> None:
        """End it with all that it started, and remove its directory."""
        if self._owner != os.getpid():
            return  # a fork's copy: the process that started it will
        if self.alive():
            group_kill(self.pid)
        self._process.wait()
        self._line.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def leftovers_remove() -> None:
    """Remove directories whose owner was killed before it could."""
    for left in Path(tempfile.gettempdir()).glob(PREFIX.format(pid="[0-9]*") + "*"):
        owner = left.name.split("-")[1]
        if not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _executable() -> Path:
    """Return where the program is: beside the interpreter, as `pip` installs it."""
    path = Path(sys.executable).with_name("freqtrade")
    if not path.exists():
        msg = (
            f"There is no program {path}; install it with `uv sync --extra freqtrade`."
        )
        raise EngineUnavailable(msg, attr="engines")
    return path


def _environment(directory: Path) -> dict[str, str]:
    return {
        name: value.format(directory=directory) for name, value in ENVIRONMENT.items()
    }

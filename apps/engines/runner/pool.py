"""The warm engines of one worker: started at first use, ended with the worker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from apps.engines.errors import EngineUnavailable
from apps.engines.registry import engine_get, unavailable_reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

PREFIX = "parallax-"
STOP_SECONDS = 5.0
LONGEST_CAUSE = 300


class EnginePool:
    """Starts a host for each engine that is asked for.

    Args:
        idle_seconds: A host without work for so long ends by itself.
        environment: The hosts' whole environment; no secrets belong in it.
        root: The project's directory, where `apps` is found.
    """

    def __init__(
        self, *, idle_seconds: float, environment: Mapping[str, str], root: Path
    ) -> None:
        self._idle_seconds = idle_seconds
        self._environment = dict(environment)
        self._root = root
        # Short, since a socket's path may not exceed 107 bytes; only we may enter it.
        _sweep()
        self._directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._hosts: dict[str, subprocess.Popen[bytes]] = {}

    def ensure(self, name: str) -> str:
        """Return the address of the engine's host; start it when it does not run.

        The socket appears there once the engine is warm.

        Raises:
            EngineUnknown: There is no engine of this name.
            EngineUnavailable: It is not installed, or its host failed to start.
        """
        spec = engine_get(name)
        reason = unavailable_reason(spec)
        if reason is not None:
            raise EngineUnavailable(reason, attr="engines")
        host = self._hosts.get(name)
        if host is not None and host.poll() is not None:
            del self._hosts[name]
            # One that never became ready would not the next time; one that was killed
            # while it served is simply started again.
            if host.returncode != 0 and not Path(self._address(name)).exists():
                raise EngineUnavailable(self._cause(name), attr="engines")
            host = None
        if host is None:
            self._hosts[name] = self._start(name)
        return self._address(name)

    def close(self) -> None:
        """End all hosts and remove their sockets."""
        for host in self._hosts.values():
            host.terminate()
        for host in self._hosts.values():
            try:
                host.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                host.kill()
                host.wait()
        self._hosts.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        address = self._address(name)
        Path(address).unlink(missing_ok=True)
        with self._log(name).open("wb") as log:
            return subprocess.Popen(  # noqa: S603
                [
                    sys.executable,
                    "-m",
                    "apps.engines.runner.host",
                    name,
                    address,
                    str(self._idle_seconds),
                    str(os.getpid()),
                ],
                cwd=self._root,
                # What an engine leaves for a while goes with our directory at the latest.
                env=self._environment | {"TMPDIR": str(self._directory)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _address(self, name: str) -> str:
        return str(self._directory / f"{name}.sock")

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _cause(self, name: str) -> str:
        text = self._log(name).read_text(errors="replace").strip()
        last = text.splitlines()[-1] if text else "no reason given"
        return f"The engine {name!r} does not start: {last[:LONGEST_CAUSE]}"


def _sweep() -> None:
    """Remove what pools of processes that were killed have left behind."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}[0-9]*-*"):
        owner = left.name.removeprefix(PREFIX).split("-")[0]
        if not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)

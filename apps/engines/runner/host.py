"""The host of one warm engine: a fork server in a process of its own.

Started as `python -m apps.engines.runner.host NAME SOCKET IDLE_SECONDS PARENT`. It imports and
compiles the engine once, then forks a child for each run, so that what an engine does to
its process (crashes, global state, signal handlers, memory) ends with the run. It holds
no secrets and imports no Django. It ends by itself when it is idle, and with its parent.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Listener
from typing import TYPE_CHECKING, NoReturn

from apps.core.errors import ApplicationError
from apps.core.processes import (
    die_with_parent,
    exit_describe,
    group_kill,
    memory_limit,
    signals_reset,
)
from apps.engines.contracts import PreparingEngine
from apps.engines.registry import engine_load
from apps.engines.runner.operations import engine_answer
from apps.engines.runner.wire import Failure, receive, send

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from apps.engines.contracts import Engine, Prepared
    from apps.engines.runner.wire import Order

POLL_MS = 1_000


@dataclass(slots=True)
class _Run:
    pid: int
    connection: Connection
    prepared: Prepared | None


class Host:
    """Serves one engine on one socket.

    Args:
        engine: The engine, warm.
        listener: Where clients connect.
        idle_seconds: How long to wait without any work before ending.
    """

    def __init__(self, engine: Engine, listener: Listener, idle_seconds: float) -> None:
        self._engine = engine
        self._listener = listener
        self._idle_seconds = idle_seconds
        self._runs: dict[int, _Run] = {}  # by the descriptor of the process
        self._clients: dict[int, int] = {}  # the run's process id, by connection
        self._poll = select.poll()
        # The listener's own socket; multiprocessing keeps it private.
        self._door = listener._listener._socket.fileno()  # type: ignore[attr-defined]
        self._poll.register(self._door, select.POLLIN)

    def serve(self) -> None:
        """Fork a child for each client until there has been none for long enough."""
        last_used = time.monotonic()
        while self._runs or time.monotonic() - last_used < self._idle_seconds:
            for descriptor, _ in self._poll.poll(POLL_MS):
                if descriptor == self._door:
                    self._start()
                elif descriptor in self._runs:
                    self._finish(descriptor)
                elif descriptor in self._clients:
                    self._abandoned(descriptor)
            if self._runs:
                last_used = time.monotonic()

    def _start(self) -> None:
        connection = self._listener.accept()
        host = os.getpid()
        engine = self._engine
        prepared = engine.prepare() if isinstance(engine, PreparingEngine) else None
        pid = os.fork()
        if pid == 0:
            _child_main(engine, connection, host)
        process = os.pidfd_open(pid)
        self._runs[process] = _Run(pid, connection, prepared)
        self._poll.register(process, select.POLLIN)
        # The client has nothing more to say: what comes is that it has gone.
        self._clients[connection.fileno()] = pid
        self._poll.register(connection.fileno(), select.POLLRDHUP)

    def _abandoned(self, client: int) -> None:
        group_kill(self._clients.pop(client))
        self._poll.unregister(client)

    def _finish(self, process: int) -> None:
        run = self._runs.pop(process)
        self._poll.unregister(process)
        if self._clients.pop(run.connection.fileno(), None) is not None:
            self._poll.unregister(run.connection.fileno())
        _, status = os.waitpid(run.pid, 0)
        os.close(process)
        if status != 0:
            # The child could not say it itself; a client that has gone need not know.
            with contextlib.suppress(OSError):
                send(run.connection, _failure_of(status))
        run.connection.close()
        if run.prepared is not None:
            run.prepared.close()


def _failure_of(status: int) -> Failure:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return Failure("timed_out", "The engine took longer than it may")
    return Failure("crashed", f"The engine's process {exit_describe(status)}")


def _child_main(engine: Engine, connection: Connection, host: int) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        die_with_parent(host)
        signals_reset()
        order: Order = receive(connection)
        memory_limit(order.memory_bytes)
        # The kernel ends the run, whatever native code it is stuck in.
        signal.setitimer(signal.ITIMER_REAL, order.wall_seconds)
        send(connection, _answer(engine, order))
        code = 0
    except EOFError:
        code = 0  # the client left before it asked
    finally:
        sys.stderr.flush()
        os._exit(code)


def _answer(engine: Engine, order: Order) -> object:
    try:
        return engine_answer(engine, order.request)
    except MemoryError:
        mib = order.memory_bytes // 1024**2
        return Failure("out_of_memory", f"The engine needed more than {mib:,} MiB")
    except ApplicationError as error:
        return Failure(error.code, error.message, error.attr)


def main(name: str, address: str, idle_seconds: float, parent_pid: int) -> None:
    """Warm the engine up, then serve it."""
    # Named by the parent itself: one that died meanwhile could not be told from init.
    die_with_parent(parent_pid)
    # Ctrl-C in a terminal reaches the whole group; the worker ends its hosts itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = engine_load(name)
    engine.warm()
    # Under another name first: whoever sees the socket can connect to it.
    with Listener(f"{address}.new", family="AF_UNIX", backlog=64) as listener:
        os.rename(f"{address}.new", address)  # noqa: PTH104
        try:
            Host(engine, listener, idle_seconds).serve()
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(address)  # noqa: PTH108
            # The listener removes the name it was made with; let it find one.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(f"{address}.new", os.O_CREAT | os.O_EXCL, 0o600))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))

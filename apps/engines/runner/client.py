"""Running one request on a warm engine."""

from __future__ import annotations

import time
from contextlib import closing
from multiprocessing.connection import Client
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.engines.errors import (
    CaptureInvalid,
    EngineCrashed,
    EngineOutOfMemory,
    EngineResultInvalid,
    EngineTimedOut,
    EngineUnavailable,
    UnsupportedByEngine,
)
from apps.engines.runner.wire import Failure, Order, receive, send
from apps.engines.verify import result_verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from apps.core.errors import ApplicationError
    from apps.engines.contracts import RunRequest, RunResult
    from apps.engines.runner.wire import Request

CONNECT_SECONDS = 0.02
# What the host needs beyond the run itself, to report that it ended one.
REPORT_SECONDS = 10.0

# By what the host says of a run that it ended, and by the code of an engine's own error.
FAILURES: dict[str, type[ApplicationError]] = {
    "out_of_memory": EngineOutOfMemory,
    "timed_out": EngineTimedOut,
} | {
    error.code: error
    for error in (
        CaptureInvalid,
        EngineOutOfMemory,
        EngineResultInvalid,
        EngineTimedOut,
        EngineUnavailable,
        UnsupportedByEngine,
    )
}


def engine_run(
    *,
    locate: Callable[[], str],
    request: RunRequest,
    wall_seconds: float,
    memory_bytes: int,
    start_seconds: float = 120.0,
) -> RunResult:
    """Run one backtest on a warm engine and verify what comes back.

    Args:
        locate: See `engine_call`, as are the others.
        request: What to run.
        wall_seconds: The longest that the run may take.
        memory_bytes: The most address space that it may take.
        start_seconds: How long a host may take to become warm.

    Raises:
        EngineUnavailable: The host cannot be started.
        EngineCrashed: The run's process died.
        EngineTimedOut: The run took too long and was killed.
        EngineOutOfMemory: The run needed too much memory.
        EngineResultInvalid: What came back breaks the contract.
    """
    result: RunResult = engine_call(
        locate=locate,
        request=request,
        wall_seconds=wall_seconds,
        memory_bytes=memory_bytes,
        start_seconds=start_seconds,
    )
    result_verify(request, result)
    return result


def engine_call(
    *,
    locate: Callable[[], str],
    request: Request,
    wall_seconds: float,
    memory_bytes: int,
    start_seconds: float = 120.0,
) -> Any:
    """Have a warm engine do one thing, in a process of its own.

    Args:
        locate: Returns the address of the engine's socket, starting the host when there
            is none; raises when it cannot be started.
        request: What to do; its type says which of the engine's operations it is.
        wall_seconds: The longest that it may take.
        memory_bytes: The most address space that it may take.
        start_seconds: How long a host may take to become warm.

    Raises:
        EngineUnavailable: The host cannot be started.
        EngineCrashed: The process died.
        EngineTimedOut: It took too long and was killed.
        EngineOutOfMemory: It needed too much memory.
        UnsupportedByEngine: The engine does no such thing, or not with this option.
        CaptureInvalid: A capture cannot be read or believed.

    Returns:
        What the operation returns.
    """
    with closing(_connect(locate, start_seconds)) as connection:
        send(connection, Order(request, wall_seconds, memory_bytes))
        if not connection.poll(wall_seconds + REPORT_SECONDS):
            msg = f"The engine did not answer within {wall_seconds:g} s."
            raise EngineTimedOut(msg)
        try:
            answer = receive(connection)
        except (EOFError, OSError) as error:
            msg = "The engine's process ended without an answer."
            raise EngineCrashed(msg) from error
    if isinstance(answer, Failure):
        limit = f" (limit {wall_seconds:g} s)" if answer.kind == "timed_out" else ""
        text = answer.message.removesuffix(".")
        failure = FAILURES.get(answer.kind, EngineCrashed)
        raise failure(f"{text}{limit}.", attr=answer.attr)
    return answer


def _connect(locate: Callable[[], str], start_seconds: float) -> Connection:
    until = time.monotonic() + start_seconds
    while time.monotonic() < until:
        address = locate()
        if Path(address).exists():
            try:
                return Client(address, family="AF_UNIX")
            except (ConnectionRefusedError, FileNotFoundError):
                # It ended between the look and the call: the next round starts another.
                pass
        time.sleep(CONNECT_SECONDS)
    msg = f"The engine did not become ready within {start_seconds:g} s."
    raise EngineUnavailable(msg)

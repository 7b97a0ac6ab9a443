"""What travels between a client and an engine's host: one object each way.

Both ends are processes of the same installation and user, and the socket lies in a
directory that only that user can enter; so pickle, which is quick with arrays, is safe
here, and nowhere else.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from apps.engines.captures import CaptureRequest
    from apps.engines.contracts import IndicatorRequest, RunRequest
    from apps.engines.market_making import MarketMakingRequest

    type Request = RunRequest | IndicatorRequest | MarketMakingRequest | CaptureRequest


@dataclass(frozen=True, slots=True)
class Order:
    """A request with the bounds that its run must keep."""

    request: Request
    wall_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run gave no result: a kind or an error's code, and where it was found."""

    kind: str
    message: str
    attr: str | None = None


def send(connection: Connection, message: Any) -> None:
    """Send one object."""
    connection.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def receive(connection: Connection) -> Any:
    """Receive one object.

    Raises:
        EOFError: The other end is gone.
    """
    return pickle.loads(connection.recv_bytes())  # noqa: S301

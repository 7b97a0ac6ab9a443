"""What is to go wrong: each fault says where, how often, and counts itself."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class FaultKind(StrEnum):
    """What goes wrong with an answer over HTTP, or on a socket."""

    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    RATE_LIMIT = "rate_limit"
    BAN = "ban"
    FORBIDDEN = "forbidden"
    REFUSE = "refuse"
    SLOW = "slow"
    TRUNCATE = "truncate"
    EMPTY = "empty"
    HTML = "html"
    NULLS = "nulls"
    WRONG_SHAPE = "wrong_shape"
    CANDLES_SHUFFLED = "candles_shuffled"
    CANDLES_REVERSED = "candles_reversed"
    CANDLES_NAN = "candles_nan"
    CANDLES_ZERO = "candles_zero"
    CANDLES_NULL = "candles_null"
    CANDLES_DOUBLED = "candles_doubled"
    CANDLES_HOLE = "candles_hole"
    CANDLES_UNFINISHED = "candles_unfinished"
    CANDLES_IMPOSSIBLE = "candles_impossible"
    SOCKET_DROP = "socket_drop"
    SOCKET_SILENT = "socket_silent"
    SOCKET_GARBAGE = "socket_garbage"
    DEPTH_GAP = "depth_gap"
    DEPTH_REORDER = "depth_reorder"
    DEPTH_DOUBLE = "depth_double"
    USER_DOUBLE = "user_double"
    USER_REORDER = "user_reorder"
    USER_LATE = "user_late"
    USER_LOST = "user_lost"
    ORDERS_LATE = "orders_late"
    ORDERS_LESS = "orders_less"
    FILLS_LATE = "fills_late"
    FILLS_DOUBLE = "fills_double"
    FILLS_REORDER = "fills_reorder"


@dataclass(slots=True)
class Fault:
    """One thing that is to go wrong.

    Attributes:
        kind: What.
        path: What the path (or the stream) must contain; empty matches all.
        method: The HTTP method; empty matches all.
        symbol: The market on the wire; empty matches all.
        skip: How many that match go well first.
        times: How often it strikes; None is without end.
        probability: The chance of striking when it could.
        seconds: How long it takes, where it takes a time; of a ban, how long it lasts;
            of what is late, how old it must be to be told.
        status: The status of an error.
        code: Binance's code of a refusal.
        start_ms: First open time of a hole in candles.
        end_ms: Where that hole ends.
        once_each: Strikes the same request, to the letter, only once; a hole in candles
            hides the same bar only once.
        number: Its name, given when it is added.
        met: How often it could have struck.
        struck: How often it did.
        seen: What it has struck, where it strikes each only once.
    """

    kind: FaultKind
    path: str = ""
    method: str = ""
    symbol: str = ""
    skip: int = 0
    times: int | None = 1
    probability: float = 1.0
    seconds: float = 30.0
    status: int = 502
    code: int = -1000
    start_ms: int | None = None
    end_ms: int | None = None
    once_each: bool = False
    number: int = 0
    met: int = 0
    struck: int = 0
    seen: set[str] = field(default_factory=set)

    def matches(self, method: str, path: str, symbol: str) -> bool:
        """Return whether it concerns a request or a stream."""
        return (
            self.path in path
            and self.method in {"", method}
            and self.symbol in {"", symbol}
            and (self.times is None or self.struck < self.times)
        )

    def strikes(self, request: str, chance: random.Random) -> bool:
        """Return whether it strikes now, and count it."""
        self.met += 1
        if self.met <= self.skip:
            return False
        once = self.once_each and self.kind is not FaultKind.CANDLES_HOLE
        if once and request in self.seen:
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        if once:
            self.seen.add(request)
        self.struck += 1
        return True

    def described(self) -> dict[str, Any]:
        """Return it as it is told over HTTP."""
        told = asdict(self)
        del told["seen"]
        return told


class Faults:
    """All that is to go wrong, and what has."""

    def __init__(self) -> None:
        """Begin with a world in which nothing goes wrong."""
        self._faults: list[Fault] = []
        self._next = 1
        self._chance = random.Random(0)  # noqa: S311
        self.counts: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def seed(self, seed: int) -> None:
        """Draw chances from a seed from now on."""
        self._chance.seed(seed)

    def add(self, fault: Fault) -> Fault:
        """Let something go wrong from now on."""
        fault.number = self._next
        self._next += 1
        self._faults.append(fault)
        return fault

    def remove(self, number: int) -> None:
        """Let one thing go well again."""
        self._faults = [each for each in self._faults if each.number != number]

    def clear(self) -> None:
        """Let everything go well again; what was counted stays."""
        self._faults = []

    def listed(self) -> list[Fault]:
        """Return what is to go wrong."""
        return list(self._faults)

    def met(
        self,
        kinds: frozenset[FaultKind],
        *,
        method: str = "",
        path: str = "",
        symbol: str = "",
        request: str = "",
        when: Callable[[Fault], bool] | None = None,
    ) -> Fault | None:
        """Return the first fault of some kinds that strikes, if any does.

        Args:
            kinds: What may go wrong here.
            method: The HTTP method.
            path: Of the request, or the stream.
            symbol: The market on the wire.
            request: To the letter, for what strikes each only once.
            when: Whether there is anything that a fault could strike.
        """
        for fault in self._faults:
            if (
                fault.kind in kinds
                and fault.matches(method, path, symbol)
                and (when is None or when(fault))
                and fault.strikes(request, self._chance)
            ):
                name = fault.kind.value
                self.counts[name] = self.counts.get(name, 0) + 1
                return fault
        return None

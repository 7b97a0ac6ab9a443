"""The port: what an engine is to us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from apps.engines.contracts.market import FloatArray
    from apps.engines.contracts.options import SizingKind
    from apps.engines.contracts.runs import IndicatorRequest, RunRequest, RunResult


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can honour; what it cannot is refused by name before a run.

    `native_indicators` are those of our catalogue that the engine has a function of its
    own for, which a `native` run uses.
    """

    shorts: bool
    stop_loss: bool
    take_profit: bool
    trailing_stop: bool
    sizing: tuple[SizingKind, ...]
    fees: bool
    slippage: bool
    partial_fills: bool
    latency: bool
    data_kinds: tuple[str, ...]
    native_indicators: tuple[str, ...] = ()


class Engine(Protocol):
    """The port: one engine, ready to run."""

    def run(self, request: RunRequest) -> RunResult:
        """Run one backtest by the fill contract.

        Raises:
            EngineError: One of the kinds in `apps.engines.errors`.
        """
        ...

    def warm(self) -> None:
        """Import and compile all that a first run would need."""
        ...


@runtime_checkable
class IndicatorEngine(Protocol):
    """An engine that computes some indicators its own way, for `native` runs."""

    def indicator(self, request: IndicatorRequest) -> dict[str, FloatArray]:
        """Return the outputs by our names, float64, (n,), NaN where undefined."""
        ...


class Prepared(Protocol):
    """What was made ready outside of a run's process, such as a program standing by."""

    def close(self) -> None:
        """End what is left of it, whatever became of the run, and ready the next."""
        ...


@runtime_checkable
class PreparingEngine(Protocol):
    """An engine whose runs use something that was made ready before them."""

    def prepare(self) -> Prepared:
        """Hand out what the next run will use; called by the host, before it forks."""
        ...

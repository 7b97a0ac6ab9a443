"""What NautilusTrader raises, and what that means to us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.engines.errors import EngineCrashed, EngineOutOfMemory

if TYPE_CHECKING:
    from nautilus_trader.backtest.engine import BacktestEngine

# What its Cython parts raise; what its Rust parts meet ends the process.
RAISED = (
    ApplicationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


def error_from(error: Exception) -> ApplicationError:
    """Return our error for one of NautilusTrader's.

    It raises plain Python errors. What cannot be done is refused before it is asked
    (`limits.limits_check`), so that whatever comes from it is a defect, not a hint.
    """
    if isinstance(error, ApplicationError):
        return error
    if isinstance(error, MemoryError):
        return EngineOutOfMemory("nautilus asked for more memory than it may have.")
    return EngineCrashed(f"nautilus failed: {type(error).__name__}: {error}"[:500])


def completeness_check(engine: BacktestEngine, events: int) -> None:
    """Check that an engine has played all that it was fed.

    It ends a run without raising when a balance would fall below zero.

    Raises:
        EngineCrashed: It stopped before the end.
    """
    if engine.iteration != events:
        msg = (
            f"nautilus stopped after {engine.iteration} of {events} events; a balance "
            "would have fallen below zero."
        )
        raise EngineCrashed(msg)

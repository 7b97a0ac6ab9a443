"""What vectorbt raises, and what that means to us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engines.errors import EngineCrashed, EngineOutOfMemory

if TYPE_CHECKING:
    from apps.core.errors import ApplicationError

RAISED = (ValueError, TypeError, IndexError, RuntimeError, MemoryError)


def error_from(error: Exception) -> ApplicationError:
    """Return our error for one of vectorbt's.

    vectorbt raises plain Python errors, and validates most of its input before it runs;
    what comes out of a request that passed our own checks is a defect, not a hint.
    """
    if isinstance(error, MemoryError):
        return EngineOutOfMemory("vectorbt asked for more memory than it may have.")
    return EngineCrashed(f"vectorbt failed: {type(error).__name__}: {error}"[:500])

"""What can go wrong with engines, split by what to do next."""

from __future__ import annotations

from apps.core.errors import (
    ApplicationError,
    NotFound,
    Unavailable,
    Unprocessable,
)


class EngineUnknown(NotFound):
    """There is no engine of this name."""

    code = "engine_unknown"


class EngineUnavailable(Unavailable):
    """The engine is not installed, or does not start."""

    code = "engine_unavailable"


class UnsupportedByEngine(Unprocessable):
    """The engine cannot honour an option of the strategy; nothing was run."""

    code = "unsupported_by_engine"


class CaptureInvalid(Unprocessable):
    """An order-book capture that cannot be read or believed; nothing was written."""

    code = "capture_invalid"


class EngineCrashed(ApplicationError):
    """The engine's process died, or its library raised what we don't know."""

    code = "engine_crashed"


class EngineTimedOut(ApplicationError):
    """The engine took longer than it may and was killed."""

    code = "engine_timed_out"


class EngineOutOfMemory(ApplicationError):
    """The engine asked for more memory than it may have."""

    code = "engine_out_of_memory"


class EngineResultInvalid(ApplicationError):
    """The engine gave back what breaks the contract; it is not believed."""

    code = "engine_result_invalid"

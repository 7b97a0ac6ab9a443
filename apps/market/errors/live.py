"""What can go wrong with prices that are held fresh, and with recordings."""

from __future__ import annotations

from apps.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    RateLimited,
    Unavailable,
    Unprocessable,
)


class PriceStale(Unavailable):
    """The latest price is older than its limit, or there is none: do not trade on it.

    Attributes:
        age_seconds: How old it is; None where there is none.
        limit_seconds: How old it may be.
    """

    code = "price_stale"
    age_seconds: float | None = None
    limit_seconds: float = 0.0


class LiveSymbolsTooMany(RateLimited):
    """As many markets of an exchange are held fresh as may be."""

    code = "live_symbols_too_many"


class RecordingNotFound(NotFound):
    """There is no such recording, or it is not yours."""

    code = "recording_not_found"


class RecordingTooLong(Invalid):
    """A recording may not run that long."""

    code = "recording_too_long"


class RecordingsTooMany(RateLimited):
    """As many of your recordings run as may at the same time."""

    code = "recordings_too_many"


class RecordingEnded(Conflict):
    """The recording has ended already."""

    code = "recording_ended"


class RecordingRunning(Conflict):
    """The recording runs, or is being made a capture."""

    code = "recording_running"


class RecordingUnreadable(Unprocessable):
    """A part of the recording is damaged."""

    code = "recording_unreadable"


class RecordingEmpty(Unprocessable):
    """Nothing came while it was recorded."""

    code = "recording_empty"

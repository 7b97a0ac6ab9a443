"""What can be wrong with limits, locks and changes of state."""

from __future__ import annotations

from apps.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)


class LimitsInvalid(Invalid):
    """Limits that do not hold; `details` names every finding."""

    code = "risk_limits_invalid"


class LimitsChanged(PreconditionFailed):
    """The limits were changed since the caller read them."""

    code = "risk_limits_changed"


class LimitsMatchMissing(Invalid):
    """A change of limits has to name the version that it was made of."""

    code = "risk_limits_match_missing"


class HaltNotCleared(Conflict):
    """The venue has not confirmed yet that nothing is open."""

    code = "risk_halt_not_cleared"


class StateUnchangeable(Conflict):
    """A halted account goes on by a release of the kill switch alone."""

    code = "risk_state_unchangeable"


class LockNotFound(NotFound):
    """There is no such lock, or it is somebody else's."""

    code = "risk_lock_not_found"


class LockInvalid(Invalid):
    """A lock that would never hold, or for longer than may be."""

    code = "risk_lock_invalid"


class LockOver(Conflict):
    """The lock has ended, or was released."""

    code = "risk_lock_over"


class StateLoosenForbidden(Forbidden):
    """To allow more than before needs the scope admin."""

    code = "risk_state_loosen_forbidden"

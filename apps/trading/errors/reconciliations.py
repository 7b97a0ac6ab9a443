"""What can go wrong when an account is compared with its venue."""

from __future__ import annotations

from apps.core.errors import Conflict, NotFound


class ReconciliationNotFound(NotFound):
    """There is no such reconciliation, or it is not yours."""

    code = "reconciliation_not_found"


class ReconciliationRunning(Conflict):
    """The account is being compared with its venue at the moment."""

    code = "reconciliation_running"


class ReconciliationLost(Conflict):
    """A comparison took so long that it was given up; nothing more of it is written."""

    code = "reconciliation_lost"

"""What can go wrong with the ledger."""

from __future__ import annotations

from apps.core.errors import Conflict, Invalid, NotFound, Unprocessable


class LedgerCauseDiffers(Conflict):
    """The same cause was written already, with other amounts; nothing was changed."""

    code = "ledger_cause_differs"


class LedgerAmountInvalid(Invalid):
    """This amount cannot be written: it is zero, or below zero where it may not be."""

    code = "ledger_amount_invalid"


class LedgerOverflow(Unprocessable):
    """A sum would have more digits than an amount can hold."""

    code = "ledger_overflow"


class TransferRefused(Unprocessable):
    """Money cannot be recorded as moved between these two accounts."""

    code = "transfer_refused"


class TransferTargetNotFound(NotFound):
    """There is no such account to transfer to."""

    code = "transfer_target_not_found"

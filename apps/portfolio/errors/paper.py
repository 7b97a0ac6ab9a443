"""What can go wrong with the money of a paper account."""

from __future__ import annotations

from apps.core.errors import Conflict, Unprocessable


class AccountIsLive(Conflict):
    """The account is live: its money moves at its venue alone."""

    code = "account_is_live"


class WithdrawalTooLarge(Unprocessable):
    """More is to be taken out than is free."""

    code = "withdrawal_too_large"


class CurrencyUnknown(Unprocessable):
    """No market of the account's exchange trades this currency."""

    code = "currency_unknown"

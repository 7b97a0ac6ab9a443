"""What can go wrong with accounts."""

from __future__ import annotations

from apps.core.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable


class AccountNotFound(NotFound):
    """There is no such account, or it is somebody else's."""

    code = "account_not_found"


class AccountNameTaken(Conflict):
    """The owner has an account of this name."""

    code = "account_name_taken"


class AccountsTooMany(Conflict):
    """The owner has as many open accounts as one may."""

    code = "accounts_too_many"


class AccountClosed(Conflict):
    """The account was closed; it is kept for its ledger alone."""

    code = "account_closed"


class AccountInUse(Conflict):
    """Something of the account is still under way, so that it cannot be closed."""

    code = "account_in_use"


class AccountIsPaper(Conflict):
    """This is of live accounts alone."""

    code = "account_is_paper"


class AccountFieldsInvalid(Invalid):
    """Fields of an account that do not go together."""

    code = "account_fields_invalid"


class AccountExchangeUnsuited(Unprocessable):
    """Nothing can be traded with money at this exchange."""

    code = "account_exchange_unsuited"


class LiveTradingOff(Forbidden):
    """LIVE_TRADING is off: no order goes to an exchange."""

    code = "live_trading_off"


class ExchangeNotAllowed(Forbidden):
    """EXCHANGES_ALLOWED leaves the account's exchange out."""

    code = "exchange_not_allowed"


class PreflightNotPassed(Forbidden):
    """The account has no preflight that was passed and still holds."""

    code = "preflight_not_passed"


class PreflightNotFound(NotFound):
    """The account has never been through a preflight."""

    code = "preflight_not_found"

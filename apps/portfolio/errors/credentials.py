"""What can go wrong with the keys of accounts; no message ever holds one."""

from __future__ import annotations

from apps.core.errors import Conflict, NotFound, Unprocessable


class CredentialsKeyMissing(Unprocessable):
    """CREDENTIALS_KEY is not set; whoever runs the service has to act."""

    code = "credentials_key_missing"


class CredentialsSealBroken(Unprocessable):
    """What is stored does not open: another key, another account, or it was changed."""

    code = "credentials_seal_broken"


class CredentialsMissing(Conflict):
    """The account has no keys; they have to be stored first."""

    code = "credentials_missing"


class CredentialsNotFound(NotFound):
    """The account has no keys to show or remove."""

    code = "credentials_not_found"


class CredentialsRefused(Unprocessable):
    """The exchange does not take these keys; those that were stored before still are."""

    code = "credentials_refused"


class CredentialsCanWithdraw(Unprocessable):
    """These keys may take money out; keys for trading must not."""

    code = "credentials_can_withdraw"


class CredentialsCannotTrade(Unprocessable):
    """These keys may only read."""

    code = "credentials_cannot_trade"

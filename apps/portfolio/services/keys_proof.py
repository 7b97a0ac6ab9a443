"""Proving keys at their exchange, and judging what they may do."""

from __future__ import annotations

import dataclasses
import logging
from contextlib import closing
from typing import TYPE_CHECKING

from apps.core.errors import ApplicationError
from apps.core.logs import HIDDEN, secrets_hide
from apps.exchanges.errors import ExchangeRateLimited, ExchangeUnavailable
from apps.exchanges.registry import account_open_apart
from apps.portfolio.errors.credentials import (
    CredentialsCannotTrade,
    CredentialsCanWithdraw,
    CredentialsRefused,
)
from apps.portfolio.live_clients import config_with

if TYPE_CHECKING:
    from apps.exchanges.account_port import KeysCheck
    from apps.portfolio.models import Account
    from apps.portfolio.sealing import Keys

logger = logging.getLogger(__name__)

_LONGEST_MESSAGE = 400
# What signing raises with keys that are not in the form of the exchange's.
_UNSIGNABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# What is shorter than this may be part of any word.
_SHORTEST_SECRET = 4


def keys_prove(account: Account, keys: Keys) -> KeysCheck:
    """Ask the account's exchange what keys may do; nothing is kept of the connection.

    Args:
        account: At whose exchange.
        keys: Any; they need not be those that are stored.

    Raises:
        CredentialsRefused: They are not in the form of this exchange's.
        ExchangeUnavailable, ExchangeRateLimited: It could not be asked; try again.
        ApplicationError: As the exchange's adapter has it; no message holds a key.
    """
    config = config_with(account.exchange, keys)
    try:
        # Not the account's own client: orders may be on their way by that.
        with closing(account_open_apart(account.exchange, config)) as port:
            checked = port.keys_check()
    except ApplicationError as error:
        # An exchange may repeat in its answer what it was sent.
        raise _without(error, keys) from None
    except _UNSIGNABLE as error:
        logger.warning("credentials: %s at %s", type(error).__name__, account.exchange)
        msg = (
            "Nothing could be signed with these keys: they are not in the form of "
            f"{account.exchange}'s. Nothing was changed."
        )
        raise CredentialsRefused(msg, attr="secret") from None
    message = without_keys(checked.message, keys)[:_LONGEST_MESSAGE]
    return dataclasses.replace(checked, message=message)


def keys_judge(account: Account, checked: KeysCheck) -> None:
    """Refuse keys that cannot be traded with, or that could do more than trade.

    Raises:
        CredentialsRefused: The exchange does not know them.
        CredentialsCanWithdraw: They may take money out.
        CredentialsCannotTrade: They may only read.
    """
    if not checked.read:
        msg = (
            f"{account.exchange} does not take these keys: {checked.message} Keys of "
            "another exchange, or of its test network, are not taken either. Nothing "
            "was changed."
        )
        raise CredentialsRefused(msg, attr="api_key")
    if checked.withdraw:
        msg = (
            "These keys may withdraw money. Make keys at "
            f"{account.exchange} that may read and trade and nothing else. Nothing was "
            "changed."
        )
        raise CredentialsCanWithdraw(msg, attr="api_key")
    if checked.trade is False:
        msg = (
            f"These keys may only read; allow spot trading for them at "
            f"{account.exchange}. Nothing was changed."
        )
        raise CredentialsCannotTrade(msg, attr="api_key")


def without_keys(text: str, keys: Keys) -> str:
    """Return a text in which no part of the keys is readable."""
    for part in (keys.api_key, keys.secret, keys.password):
        if part is not None and len(part) >= _SHORTEST_SECRET:
            text = text.replace(part, HIDDEN)
    return secrets_hide(text)


def _without(error: ApplicationError, keys: Keys) -> ApplicationError:
    """Return an error of the same kind whose message holds no key."""
    hidden = without_keys(error.message, keys)
    if hidden == error.message:
        return error
    told = type(error)(hidden, attr=error.attr, code=error.code)
    for kind in (ExchangeUnavailable, ExchangeRateLimited):
        if isinstance(error, kind) and isinstance(told, kind):
            told.retry_after = error.retry_after
    return told

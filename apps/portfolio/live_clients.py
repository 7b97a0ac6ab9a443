"""This process's clients of live accounts: one for each account, by its newest keys.

Nothing of paper accounts comes here.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from apps.exchanges.registry import account_forget, account_open
from apps.market.exchanges import exchange_config
from apps.portfolio.models import Credential
from apps.portfolio.sealing import unseal
from apps.portfolio.venues import keys_missing

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.exchanges.account_port import AccountPort
    from apps.exchanges.config import ExchangeConfig
    from apps.portfolio.models import Account
    from apps.portfolio.sealing import Keys

# How each account was last opened: once its keys change, the client of the old ones goes.
_opened: dict[UUID, tuple[str, ExchangeConfig]] = {}


def live_port(account: Account, *, now: datetime) -> AccountPort:  # noqa: ARG001
    """Return the client of a live account by the keys that are stored at this moment.

    All parts of the keys are of one row, read at once: keys that are changed meanwhile
    are the next caller's.

    Raises:
        CredentialsMissing: It has none.
        CredentialsSealBroken: They cannot be opened.
        ExchangeUnknown, ExchangeUnavailable, ExchangeUnsupported: Its exchange cannot be
            reached by this installation.
    """
    sealed = (
        Credential.objects.filter(account_id=account.pk)
        .values_list("sealed", flat=True)
        .first()
    )
    if sealed is None:
        clients_forget(account)
        raise keys_missing(account)
    keys = unseal(sealed, account_id=account.pk, owner_id=account.owner_id)
    config = config_with(account.exchange, keys)
    before = _opened.get(account.pk)
    _opened[account.pk] = (account.exchange, config)
    _forget(before)
    return account_open(account.exchange, config)


def config_with(exchange: str, keys: Keys) -> ExchangeConfig:
    """Return how an exchange is reached with keys.

    Raises:
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        ExchangeUnavailable: ccxt, which would know it, is not installed.
    """
    return dataclasses.replace(
        exchange_config(exchange),
        api_key=keys.api_key,
        secret=keys.secret,
        password=keys.password,
    )


def clients_forget(account: Account) -> None:
    """Let go of an account's client in this process; another opens where one is needed."""
    _forget(_opened.pop(account.pk, None))


def _forget(place: tuple[str, ExchangeConfig] | None) -> None:
    """Give up a client that no account is opened by any more."""
    if place is not None and place not in [*_opened.values()]:
        account_forget(*place)

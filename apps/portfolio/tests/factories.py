"""Live accounts for tests, with sealed keys of a loopback exchange."""

from __future__ import annotations

import base64
from itertools import count
from typing import TYPE_CHECKING

from django.utils import timezone
from pydantic import SecretStr

from apps.market.models import VenueList
from apps.portfolio.models import Account, AccountPreflight, Credential
from apps.portfolio.sealing import Keys, seal
from apps.users.tests.factories import UserFactory
from tests.exchange_server.exchange import (
    KEY,
    SECRET,
    AccountOptions,
    ExchangeOptions,
)

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

OTHER_KEY = "loopback-other-key"
OTHER_SECRET = "loopback-other-secret"  # noqa: S105
WITHDRAW_KEY = "loopback-withdraw-key"
READ_KEY = "loopback-read-key"
# An exchange where keys may do too little, too much, or just what they must.
WITH_ALL_KEYS = ExchangeOptions(
    symbols=3,
    accounts=(
        AccountOptions(),
        AccountOptions(OTHER_KEY, OTHER_SECRET),
        AccountOptions(READ_KEY, can_trade=False),
        AccountOptions(WITHDRAW_KEY, can_withdraw=True),
    ),
)
_NUMBERS = count(1)


def master_key(letter: str = "k") -> SecretStr:
    """Return a value of CREDENTIALS_KEY: 32 times a letter."""
    return SecretStr(base64.urlsafe_b64encode(letter.encode() * 32).decode())


def live_settings(settings: Settings, served: Served | None = None) -> None:
    """Let live accounts trade, at a loopback exchange in the place of Binance's.

    Args:
        settings: Which are changed.
        served: The exchange; None leaves the address of Binance, which must not be asked.
    """
    settings.LIVE_TRADING = True
    settings.CREDENTIALS_KEY = master_key()
    settings.CREDENTIALS_KEYS_OLD = ()
    settings.EXCHANGES_ALLOWED = ("binance",)
    settings.EXCHANGE_RATE_LIMITS = False
    settings.EXCHANGE_TIMEOUT_SECONDS = 2
    if served is not None:
        settings.EXCHANGE_ENDPOINTS = {"binance": served.url}


def live_account_make(
    owner: User | None = None,
    *,
    keys: Keys | None = None,
    passed: bool | None = True,
) -> Account:
    """Return a live account at Binance, with keys of a loopback exchange.

    Args:
        owner: Whose; of a new person where None.
        keys: Its keys; those that may trade where None.
        passed: What its preflight found; None: it has none.
    """
    account = Account.objects.create(
        owner=owner or UserFactory.create(),
        name=f"live {next(_NUMBERS)}",
        mode="live",
        exchange="binance",
        currency="USDT",
    )
    credential_make(account, keys or Keys(KEY, SECRET))
    VenueList.objects.update_or_create(
        exchange="binance", defaults={"read_at": timezone.now()}
    )
    if passed is not None:
        AccountPreflight.objects.create(account=account, passed=passed, findings=[])
    return account


def credential_make(account: Account, keys: Keys) -> Credential:
    """Store keys for an account as they are, without asking its exchange."""
    sealed = seal(keys, account_id=account.pk, owner_id=account.owner_id)
    return Credential.objects.create(
        account=account, sealed=sealed, key_hint=keys.api_key[-4:]
    )

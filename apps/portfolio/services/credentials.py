"""Store, prove, change and remove the keys of live accounts.

Keys come in and never go out again: they are sealed for their account at once, and are
opened for nothing but the account's own client.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction

from apps.portfolio.enums import AccountMode
from apps.portfolio.errors.accounts import AccountIsPaper
from apps.portfolio.live_clients import clients_forget
from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.sealing import Keys, current_key_id, seal, unseal
from apps.portfolio.selectors.accounts import account_get, credential_get
from apps.portfolio.services.accounts import account_locked, open_account_get
from apps.portfolio.services.keys_proof import keys_judge, keys_prove

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.exchanges.account_port import KeysCheck
    from apps.portfolio.models import Account
    from apps.users.models import User

logger = logging.getLogger(__name__)

_HINT = 4
# Of a shorter key the hint would be too much of it.
_HINTED_FROM = 12


def credentials_set(
    *,
    actor: User,
    account_id: UUID,
    api_key: str,
    secret: str,
    password: str | None,
    now: datetime,
) -> Credential:
    """Prove keys at the exchange, then store them in the place of any others.

    The exchange is asked outside of a transaction. Until the new keys are proven and
    stored the old ones are used; what is on its way with them is not touched. The
    account needs another preflight afterwards.

    Args:
        actor: Whose account it is.
        account_id: Which one.
        api_key: The key.
        secret: What calls are signed with.
        password: The third part, of exchanges that have one.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountClosed: It was closed.
        AccountIsPaper: It is, and has no keys.
        CredentialsKeyMissing: CREDENTIALS_KEY is not set.
        CredentialsRefused, CredentialsCanWithdraw, CredentialsCannotTrade: The keys are
            not what is needed; the old ones stay.
        ExchangeUnavailable, ExchangeRateLimited: The exchange could not be asked.
    """
    account = open_account_get(actor=actor, account_id=account_id)
    live_check(account)
    # Before the exchange is asked: without it nothing could be stored.
    current_key_id()
    keys = Keys(api_key, secret, password)
    checked = keys_prove(account, keys)
    keys_judge(account, checked)
    stored = _store(actor, account, keys, checked, now)
    clients_forget(account)
    logger.info("credentials: keys of the account %s were stored", account.pk)
    return stored


def credentials_test(*, actor: User, account_id: UUID, now: datetime) -> Credential:
    """Prove the stored keys once more, and write down what the exchange says of them.

    Keys that no longer may do what they must, or may do more, end the account's
    preflight: it sends no order until it has passed another.

    Raises:
        AccountNotFound: No such account for this actor.
        CredentialsNotFound: It has no keys.
        CredentialsSealBroken: They cannot be opened.
        ExchangeUnavailable, ExchangeRateLimited: The exchange could not be asked.
    """
    account = account_get(actor=actor, account_id=account_id)
    stored = credential_get(actor=actor, account_id=account_id)
    keys_tested(account, stored, now=now)
    return credential_get(actor=actor, account_id=account_id)


def keys_tested(
    account: Account, stored: Credential, *, now: datetime
) -> tuple[KeysCheck, bool]:
    """Prove stored keys and write down what they may do.

    Returns:
        What the exchange said, and whether the keys are still those that are stored.
    """
    keys = unseal(stored.sealed, account_id=account.pk, owner_id=account.owner_id)
    checked = keys_prove(account, keys)
    unfit = not checked.read or checked.trade is False or bool(checked.withdraw)
    with transaction.atomic():
        # Not those that came in their place meanwhile.
        same = Credential.objects.filter(pk=stored.pk, sealed=stored.sealed)
        kept = same.update(**_told(checked, now), updated_at=now)
        if kept and unfit:
            preflights_void(account, now=now)
    return checked, bool(kept)


@transaction.atomic
def credentials_delete(*, actor: User, account_id: UUID, now: datetime) -> None:
    """Remove an account's keys: it can do nothing at its exchange from then on.

    It is always possible, also while orders are open: those stay at the exchange, where
    nobody here sees them any more.

    Raises:
        AccountNotFound: No such account for this actor.
        CredentialsNotFound: It has no keys.
    """
    account = account_locked(actor=actor, account_id=account_id)
    credential_get(actor=actor, account_id=account_id).delete()
    preflights_void(account, now=now)
    transaction.on_commit(lambda: clients_forget(account))
    logger.info("credentials: keys of the account %s were removed", account.pk)


def preflights_void(account: Account, *, now: datetime) -> None:
    """End what an account's preflights allow it."""
    AccountPreflight.objects.filter(account=account, void_at__isnull=True).update(
        void_at=now, updated_at=now
    )


def live_check(account: Account) -> None:
    """Refuse what is of live accounts alone.

    Raises:
        AccountIsPaper: The account is on paper.
    """
    if account.mode == AccountMode.PAPER.value:
        msg = (
            f"The account {account.name!r} is on paper: it has no keys and needs none."
        )
        raise AccountIsPaper(msg)


@transaction.atomic
def _store(
    actor: User, account: Account, keys: Keys, checked: KeysCheck, now: datetime
) -> Credential:
    # The account's row orders those who change its keys: it is there before any key is.
    account_locked(actor=actor, account_id=account.pk)
    hint = keys.api_key[-_HINT:] if len(keys.api_key) >= _HINTED_FROM else ""
    stored, _ = Credential.objects.update_or_create(
        account=account,
        defaults={
            "sealed": seal(keys, account_id=account.pk, owner_id=account.owner_id),
            "key_hint": hint,
            **_told(checked, now),
        },
    )
    preflights_void(account, now=now)
    return stored


def _told(checked: KeysCheck, now: datetime) -> dict[str, object]:
    return {
        "tested_at": now,
        "can_trade": checked.trade,
        "can_withdraw": checked.withdraw,
        "addresses_restricted": checked.addresses_restricted,
        "message": checked.message,
    }

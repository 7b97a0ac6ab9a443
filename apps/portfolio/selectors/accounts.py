"""Reads of accounts, of what is told of their keys, and of their preflights."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, UUIDField

from apps.core.readings import Reading, Slot
from apps.portfolio.enums import LedgerPlace
from apps.portfolio.errors.accounts import AccountNotFound, PreflightNotFound
from apps.portfolio.errors.credentials import CredentialsNotFound
from apps.portfolio.models import Account, Credential, LedgerBalance

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.portfolio.models import AccountPreflight
    from apps.users.models import User

_OWN = Reading(
    lambda: Account.objects.filter(
        pk=Slot("account", UUIDField()), owner_id=Slot("owner", UUIDField())
    ).order_by()
)


def account_list(*, actor: User) -> QuerySet[Account]:
    """Return the actor's accounts, closed ones as well, newest first."""
    return Account.objects.filter(owner=actor).order_by("-created_at", "-id")


def accounts_counted(*, closed_since: datetime | None = None) -> QuerySet[Account]:
    """Return open accounts, and closed ones that still hold something.

    Args:
        closed_since: Those that were closed from this moment on as well; None: without.
    """
    held = LedgerBalance.objects.filter(
        account_id=OuterRef("pk"), place=LedgerPlace.ASSETS.value
    ).exclude(amount=0)
    counted = Q(Q(closed_at__isnull=True) | Q(Exists(held)))
    if closed_since is not None:
        counted |= Q(closed_at__gte=closed_since)
    return Account.objects.filter(counted)


def account_get(*, actor: User, account_id: UUID) -> Account:
    """Return one of the actor's accounts.

    Raises:
        AccountNotFound: There is none with this id for this actor.
    """
    found = _OWN.objects(account=account_id, owner=actor.pk)
    if not found:
        raise account_missing(account_id)
    return found[0]


def account_missing(account_id: UUID) -> AccountNotFound:
    """Return what says that there is no such account."""
    msg = f"There is no account {account_id}; see GET /api/v1/accounts/."
    return AccountNotFound(msg)


def credential_get(*, actor: User, account_id: UUID) -> Credential:
    """Return the row of an account's keys; what is sealed in it stays sealed.

    Raises:
        AccountNotFound: No such account for this actor.
        CredentialsNotFound: It has no keys.
    """
    account = account_get(actor=actor, account_id=account_id)
    found = Credential.objects.filter(account=account).first()
    if found is None:
        msg = f"The account {account.name!r} has no keys."
        raise CredentialsNotFound(msg)
    return found


def preflight_get(*, actor: User, account_id: UUID) -> AccountPreflight:
    """Return the newest preflight of an account.

    Raises:
        AccountNotFound: No such account for this actor.
        PreflightNotFound: It has never been through one.
    """
    account = account_get(actor=actor, account_id=account_id)
    found = preflight_newest(account)
    if found is None:
        msg = (
            f"The account {account.name!r} has never been through a preflight; POST to "
            "this address runs one."
        )
        raise PreflightNotFound(msg)
    return found


def preflight_newest(account: Account) -> AccountPreflight | None:
    """Return the preflight of an account that counts; None where there is none."""
    return account.preflights.order_by("-created_at", "-id").first()


def preflight_valid_until(preflight: AccountPreflight) -> datetime | None:
    """Return until when a preflight lets its account trade; None where it does not."""
    if not preflight.passed or preflight.void_at is not None:
        return None
    valid = timedelta(seconds=settings.PREFLIGHT_VALID_SECONDS)
    return preflight.created_at + valid


def preflight_holds(preflight: AccountPreflight, *, now: datetime) -> bool:
    """Return whether a preflight lets its account trade."""
    until = preflight_valid_until(preflight)
    return until is not None and until > now

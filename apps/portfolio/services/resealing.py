"""Sealing all stored keys anew, once CREDENTIALS_KEY has another value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from apps.portfolio.errors.credentials import CredentialsSealBroken
from apps.portfolio.models import Credential
from apps.portfolio.sealing import current_key_id, seal, seal_key_id, unseal

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Resealed:
    """What became of the stored keys.

    Attributes:
        key_id: Of CREDENTIALS_KEY, which they are sealed with now.
        changed: How many were sealed with another before.
        kept: How many were sealed with it already.
        broken: Accounts whose keys could not be opened; they were left as they are.
    """

    key_id: str
    changed: int
    kept: int
    broken: tuple[UUID, ...]


def credentials_reseal(*, now: datetime, dry_run: bool = False) -> Resealed:
    """Seal every account's keys with CREDENTIALS_KEY; each row is its own transaction.

    It may be interrupted and run again at any time, beside a service that is at work:
    the keys inside stay the same, and so does what they allow.

    Args:
        now: The moment, UTC.
        dry_run: Only open them and count.

    Raises:
        CredentialsKeyMissing: CREDENTIALS_KEY is not set.
    """
    key_id = current_key_id()
    changed = kept = 0
    broken: list[UUID] = []
    for pk in list(Credential.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            found = (
                Credential.objects.select_for_update(of=("self",))
                .select_related("account")
                .filter(pk=pk)
                .first()
            )
            if found is None:
                continue
            try:
                again = _resealed(found)
            except CredentialsSealBroken:
                broken.append(found.account_id)
                continue
            if again is None:
                kept += 1
                continue
            changed += 1
            if not dry_run:
                Credential.objects.filter(pk=pk).update(sealed=again, updated_at=now)
    return Resealed(key_id, changed, kept, tuple(broken))


def _resealed(stored: Credential) -> str | None:
    """Return keys sealed anew; None where they are sealed with the newest key.

    Raises:
        CredentialsSealBroken: They cannot be opened.
    """
    account = stored.account
    keys = unseal(stored.sealed, account_id=account.pk, owner_id=account.owner_id)
    if seal_key_id(stored.sealed) == current_key_id():
        return None
    return seal(keys, account_id=account.pk, owner_id=account.owner_id)

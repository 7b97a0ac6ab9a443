"""Making keys, replacing them, and making them worthless."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction

from apps.users.addresses import networks_parse, networks_within
from apps.users.enums import ApiKeyScope, ApiKeyState
from apps.users.errors import ApiKeyExceedsOwn, ApiKeyInvalid, ApiKeyNotRotatable
from apps.users.key_format import key_hash, key_make
from apps.users.models import ApiKey
from apps.users.selectors import api_key_get

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta
    from uuid import UUID

    from apps.users.models import User

logger = logging.getLogger(__name__)


def api_key_create(
    *,
    actor: User,
    by: ApiKey | None,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    allowed_addresses: Iterable[str],
    now: datetime,
) -> tuple[ApiKey, str]:
    """Make a key.

    Args:
        actor: Whose it will be.
        by: The key that asks for it; None: a person does.
        name: What the owner calls it.
        scopes: What it may do; each of them includes `read`.
        expires_at: When it stops working; None: never.
        allowed_addresses: Addresses and networks; none: from everywhere.
        now: The time of the request.

    Returns:
        The key, and its text, which is kept nowhere.

    Raises:
        ApiKeyInvalid: The name, the time or an address is not one.
        ApiKeyExceedsOwn: It could do more than the key that asks for it.
    """
    key, text = _issue(
        by=by,
        now=now,
        key=ApiKey(
            owner=actor,
            name=name.strip(),
            scopes=_scopes(scopes),
            expires_at=expires_at,
            allowed_addresses=networks_parse(allowed_addresses),
        ),
    )
    logger.info("api key %s created by %s", key.prefix, _who(by))
    return key, text


@transaction.atomic
def api_key_rotate(
    *,
    actor: User,
    by: ApiKey | None,
    api_key_id: UUID,
    overlap: timedelta,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Make a key's successor, which may the same.

    Args:
        actor: The owner.
        by: The key that asks for it; None: a person does.
        api_key_id: Which key is replaced.
        overlap: How long the old one works on.
        expires_at: When the new one stops working; None: when the old one would have.
        now: The time of the request.

    Returns:
        The new key, and its text, which is kept nowhere.

    Raises:
        ApiKeyNotFound: There is no such key for this actor.
        ApiKeyNotRotatable: It does not work any more, or has a successor.
        ApiKeyInvalid: The time is not in the future.
        ApiKeyExceedsOwn: It could do more than the key that asks for it.
    """
    # Locked: of two rotations at once, one finds that the other was first.
    old = api_key_get(actor=actor, api_key_id=api_key_id, lock=True)
    _rotatable_check(old, now)
    new, text = _issue(
        by=by,
        now=now,
        key=ApiKey(
            owner=actor,
            name=old.name,
            scopes=old.scopes,
            expires_at=expires_at or old.expires_at,
            allowed_addresses=old.allowed_addresses,
        ),
    )
    ends = now + overlap
    old.replaced_by = new
    old.expires_at = ends if old.expires_at is None else min(old.expires_at, ends)
    old.save(update_fields=("replaced_by", "expires_at", "updated_at"))
    logger.info(
        "api key %s rotated by %s: %s follows, the old one ends at %s",
        old.prefix,
        _who(by),
        new.prefix,
        old.expires_at.isoformat(),
    )
    return new, text


def api_key_revoke(
    *, actor: User, by: ApiKey | None, api_key_id: UUID, now: datetime
) -> ApiKey:
    """Make a key worthless, at once and for good; a second time changes nothing.

    Raises:
        ApiKeyNotFound: There is no such key for this actor.
    """
    working = ApiKey.objects.filter(owner=actor, pk=api_key_id, revoked_at=None)
    revoked = working.update(revoked_at=now, updated_at=now)
    key = api_key_get(actor=actor, api_key_id=api_key_id)
    if revoked:
        logger.info("api key %s revoked by %s", key.prefix, _who(by))
    return key


def _issue(*, by: ApiKey | None, key: ApiKey, now: datetime) -> tuple[ApiKey, str]:
    # What is not printable breaks a line of the log, or is no text that can be stored.
    if not key.name or not key.name.isprintable():
        msg = "A name needs 1-100 characters that can be printed."
        raise ApiKeyInvalid(msg, attr="name")
    if key.expires_at is not None and key.expires_at <= now:
        msg = f"expires_at must be later than now, {now.isoformat()}."
        raise ApiKeyInvalid(msg, attr="expires_at")
    if by is not None:
        _bounds_check(by, key)
    key.prefix, text = key_make()
    key.secret_hash = key_hash(text)
    key.full_clean()
    key.save()
    return key, text


def _bounds_check(by: ApiKey, key: ApiKey) -> None:
    """Refuse a key that could do more, longer or from elsewhere than the one that asks.

    Otherwise a stolen key could outlive all that was meant to bound it.
    """
    missing = [scope for scope in key.scopes if scope not in by.scopes]
    if missing:
        msg = f"Your key lacks the scope {', '.join(missing)}, so it cannot give it."
        raise ApiKeyExceedsOwn(msg, attr="scopes")
    if by.expires_at and (key.expires_at is None or key.expires_at > by.expires_at):
        msg = (
            f"Your key expires at {by.expires_at.isoformat()}; one by it cannot later."
        )
        raise ApiKeyExceedsOwn(msg, attr="expires_at")
    if not networks_within(key.allowed_addresses, by.allowed_addresses):
        allowed = ", ".join(by.allowed_addresses)
        msg = f"Your key is bound to {allowed}; one by it must be as well."
        raise ApiKeyExceedsOwn(msg, attr="allowed_addresses")


def _rotatable_check(key: ApiKey, now: datetime) -> None:
    state = key.state(now=now)
    if state != ApiKeyState.ACTIVE:
        msg = f"This key is {state}; create a new one."
        raise ApiKeyNotRotatable(msg)
    if key.replaced_by_id is not None:
        msg = f"This key has a successor, {key.replaced_by_id}; rotate that one."
        raise ApiKeyNotRotatable(msg)


def _scopes(given: Iterable[str]) -> list[str]:
    wanted = {*given, ApiKeyScope.READ}
    return [scope.value for scope in ApiKeyScope if scope in wanted]


def _who(by: ApiKey | None) -> str:
    return "its owner" if by is None else f"api key {by.prefix}"

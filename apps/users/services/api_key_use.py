"""From what a program sent to the key that it is, once per request."""

from __future__ import annotations

import hmac
import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from apps.users.addresses import address_allowed, address_parse
from apps.users.enums import ApiKeyState
from apps.users.key_format import key_hash, key_prefix
from apps.users.models import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

logger = logging.getLogger(__name__)

USE_NOTED_EVERY = timedelta(minutes=1)
# An unknown key is compared as well, so that it takes the time of a wrong one.
_NO_HASH = "0" * 64


def api_key_verify(*, text: str, address: str, now: datetime) -> ApiKey | None:
    """Return the working key with its owner, and note its use; one query.

    Args:
        text: What was sent as a key.
        address: The caller's address, as the server knows it.
        now: The time of the request.

    Returns:
        None: it is no key, unknown, expired or revoked, its owner is deactivated, or it
        may not be used from there. The caller is not told which; the log is, once the
        secret was right.
    """
    prefix = key_prefix(text)
    if prefix is None:
        return None
    key = ApiKey.objects.select_related("owner").filter(prefix=prefix).first()
    right = hmac.compare_digest(key_hash(text), key.secret_hash if key else _NO_HASH)
    if key is None or not right:
        return None
    refusal = _refusal(key, address, now)
    if refusal is not None:
        logger.warning("api key %s is refused: %s", prefix, refusal)
        return None
    _use_note(key, address, now)
    return key


def _refusal(key: ApiKey, address: str, now: datetime) -> str | None:
    state = key.state(now=now)
    if state != ApiKeyState.ACTIVE:
        return str(state)
    if not key.owner.is_active:
        return "its owner is deactivated"
    if not address_allowed(address, key.allowed_addresses):
        return f"it may not be used from {address!r}"
    return None


def _use_note(key: ApiKey, address: str, now: datetime) -> None:
    """Write when and from where the key is used, at most once a minute."""
    due = now - USE_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > due:
        return
    parsed = address_parse(address)
    known = None if parsed is None else str(parsed)
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=due)
    try:
        with _no_waiting(), transaction.atomic():
            # Of many requests at once one writes; the others do not wait for it.
            free = ApiKey.objects.select_for_update(skip_locked=True)
            if not free.filter(unnoted, pk=key.pk).values_list("pk").first():
                return
            ApiKey.objects.filter(pk=key.pk).update(
                last_used_at=now, last_used_address=known
            )
    except OperationalError as error:
        # A request is worth more than this note; the next one tries again.
        logger.info("the use of api key %s is not noted: %s", key.prefix, error)
        return
    if known != key.last_used_address:
        before = key.last_used_address or "nowhere"
        logger.info("api key %s used from %s, before: %s", key.prefix, known, before)


@contextmanager
def _no_waiting() -> Iterator[None]:
    """Keep a read from waiting for whoever writes to SQLite, which has one lock."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (patience,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")

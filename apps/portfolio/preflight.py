"""What the service's own go/no-go list says of live accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.core.preflight.contracts import go, no_go, warn
from apps.portfolio.enums import AccountMode
from apps.portfolio.models import Account, Credential
from apps.portfolio.sealing import current_key_id, seal_key_id, unseal
from apps.portfolio.venues import trading_admit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.core.preflight.contracts import Finding

NAME = "live accounts"
KEYS = "stored keys"
SHOWN = 5


def live_accounts_check() -> list[Finding]:
    """Look at whether stored keys open, and which live accounts may trade."""
    live = Account.objects.filter(
        mode=AccountMode.LIVE.value, closed_at__isnull=True
    ).order_by("name", "pk")
    return [*_keys(), _accounts(list(live))]


def _keys() -> list[Finding]:
    stored = list(Credential.objects.select_related("account").order_by("pk"))
    if not stored:
        return []
    broken: list[str] = []
    for one in stored:
        account = one.account
        try:
            unseal(one.sealed, account_id=account.pk, owner_id=account.owner_id)
        except ApplicationError:
            broken.append(str(account.pk))
    if broken:
        found = f"{len(broken)} of {len(stored)} cannot be opened: {_some(broken)}"
        action = "set CREDENTIALS_KEY or CREDENTIALS_KEYS_OLD as it was, or store anew"
        return [no_go(KEYS, found, action)]
    newest = current_key_id()
    old = sum(seal_key_id(one.sealed) != newest for one in stored)
    if old:
        found = f"{old} of {len(stored)} are sealed with a former CREDENTIALS_KEY"
        return [warn(KEYS, found, "run manage.py rotate_credentials_key")]
    return [go(KEYS, f"{len(stored)} sealed with CREDENTIALS_KEY, all open")]


def _accounts(live: Sequence[Account]) -> Finding:
    if not settings.LIVE_TRADING:
        return go(
            NAME, f"LIVE_TRADING is off: none of {len(live)} can send orders anywhere"
        )
    now = timezone.now()
    stopped: list[str] = []
    for account in live:
        try:
            trading_admit(account=account, now=now)
        except ApplicationError as error:
            stopped.append(f"{account.pk} ({error.code})")
    if stopped:
        found = f"{len(stopped)} of {len(live)} may not trade: {_some(stopped)}"
        return warn(NAME, found, "run their preflight: POST .../preflight/")
    return go(NAME, f"LIVE_TRADING is on; {len(live)} may send orders")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

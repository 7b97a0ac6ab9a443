"""The go/no-go list of one live account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.core.errors import ApplicationError
from apps.core.preflight.contracts import Verdict, go, no_go, warn
from apps.market.selectors.venues import venue_list_get
from apps.portfolio.live_clients import live_port
from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.preflight_checks import account_findings
from apps.portfolio.services.accounts import account_locked, open_account_get
from apps.portfolio.services.credentials import keys_tested, live_check
from apps.portfolio.venues import exchange_allowed_check, live_trading_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from uuid import UUID

    from apps.core.preflight.contracts import Finding
    from apps.exchanges.account_port import KeysCheck
    from apps.portfolio.models import Account
    from apps.users.models import User

MOST_SKEW_SECONDS = 1.0
# Older lists of an account are thrown away.
KEPT = 50


def account_preflight(
    *, actor: User, account_id: UUID, now: datetime
) -> AccountPreflight:
    """Look at everything that a live account needs, and write down what was found.

    The exchange is asked outside of a transaction. Keys that change meanwhile make the
    list void before it is there.

    Args:
        actor: Whose account it is.
        account_id: Which one.
        now: The moment, UTC.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountClosed: It was closed.
        AccountIsPaper: It is, and needs no preflight.
    """
    account = open_account_get(actor=actor, account_id=account_id)
    live_check(account)
    stored = Credential.objects.filter(account=account).first()
    found = list(_findings(account, stored, now))
    with transaction.atomic():
        account_locked(actor=actor, account_id=account.pk)
        same = (
            stored is None
            or Credential.objects.filter(pk=stored.pk, sealed=stored.sealed).exists()
        )
        made = AccountPreflight.objects.create(
            account=account,
            passed=all(one.verdict != Verdict.NO_GO for one in found),
            findings=[_written(one) for one in found],
            void_at=None if same else now,
        )
        _prune(account)
    return made


def _findings(
    account: Account, stored: Credential | None, now: datetime
) -> Iterator[Finding]:
    yield _judged(
        "live trading",
        live_trading_check,
        good="LIVE_TRADING is on",
        action="set LIVE_TRADING=true and restart the service",
    )
    yield _judged(
        "exchange",
        lambda: exchange_allowed_check(account.exchange),
        good=f"{account.exchange} may be asked",
        action="add it to EXCHANGES_ALLOWED",
    )
    yield _judged(
        "markets",
        lambda: venue_list_get(exchange=account.exchange),
        good=f"the markets of {account.exchange} and their rules are known",
        action=f"POST /api/v1/exchanges/{account.exchange}/markets/refresh/",
    )
    if stored is None:
        action = f"PUT /api/v1/accounts/{account.pk}/credentials/ stores them"
        yield no_go("keys", "there are none", action)
    else:
        yield from _keys_findings(account, stored, now)
    yield from account_findings(account, now)


def _keys_findings(
    account: Account, stored: Credential, now: datetime
) -> Iterator[Finding]:
    try:
        checked, _ = keys_tested(account, stored, now=now)
    except ApplicationError as error:
        yield no_go("keys", error.message, "see what it says, and try again")
        return
    if not checked.read:
        yield no_go("keys", checked.message, "store keys that the exchange takes")
        return
    yield go("keys", f"{account.exchange} takes the keys that end in {_hint(stored)}")
    yield from _permissions(checked)
    yield _clock(checked.clock_skew_seconds)
    yield _judged(
        "balances",
        lambda: live_port(account, now=now).balances(),
        good="they can be read",
        action="allow the keys to read them, or try again",
    )


def _permissions(checked: KeysCheck) -> Iterator[Finding]:
    if checked.trade is None:
        found = "the exchange does not tell whether these keys may trade"
        yield warn("trading", found, "see on the exchange's own site that they may")
    elif checked.trade:
        yield go("trading", "the keys may send orders")
    else:
        action = "allow spot trading for them, or store others"
        yield no_go("trading", "the keys may only read", action)
    if checked.withdraw is None:
        found = "the exchange does not tell whether these keys may take money out"
        yield warn("withdrawals", found, "see on its own site that they may not")
    elif checked.withdraw:
        action = "forbid withdrawals for them, or store others"
        yield no_go("withdrawals", "the keys may take money out", action)
    else:
        yield go("withdrawals", "the keys may not take money out")
    if checked.addresses_restricted:
        yield go("addresses", "the keys work from certain addresses alone")
    else:
        found = "the keys work from any address, as far as the exchange tells"
        yield warn("addresses", found, "restrict them to this machine's address")


def _clock(skew: float | None) -> Finding:
    if skew is None:
        found = "the exchange does not tell its time"
        return warn("clock", found, "see that this machine's clock is set by NTP")
    found = f"{abs(skew):.2f} s {'behind' if skew > 0 else 'ahead of'} the exchange's"
    if abs(skew) >= MOST_SKEW_SECONDS:
        return no_go("clock", found, "set this machine's clock by NTP")
    return go("clock", found)


def _judged(
    name: str, look: Callable[[], object], *, good: str, action: str
) -> Finding:
    """Return a finding that is good where looking raises nothing."""
    try:
        look()
    except ApplicationError as error:
        return no_go(name, error.message, action)
    return go(name, good)


def _hint(stored: Credential) -> str:
    return f"…{stored.key_hint}" if stored.key_hint else "(not shown)"


def _written(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "verdict": finding.verdict.value,
        "found": finding.found,
        "action": finding.action,
    }


def _prune(account: Account) -> None:
    kept = account.preflights.order_by("-created_at", "-id").values_list("pk")[:KEPT]
    account.preflights.exclude(pk__in=[pk for (pk,) in kept]).delete()

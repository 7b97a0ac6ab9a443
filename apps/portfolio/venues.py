"""The way from an account to its venue, and who may send an order there.

A paper account cannot reach an exchange: its branch imports nothing that could. What
leads to one is imported in the branch of live accounts alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never, cast

from django.conf import settings

from apps.portfolio.enums import AccountMode
from apps.portfolio.errors.accounts import (
    AccountClosed,
    ExchangeNotAllowed,
    LiveTradingOff,
    PreflightNotPassed,
)
from apps.portfolio.errors.credentials import CredentialsMissing
from apps.portfolio.models import Credential
from apps.portfolio.selectors.accounts import preflight_holds, preflight_newest

if TYPE_CHECKING:
    from datetime import datetime

    from apps.exchanges.account_port import AccountPort, OrderRequest
    from apps.portfolio.models import Account

# Every installation has it, whatever EXCHANGES_ALLOWED says. It is the `SIMULATED` of the
# exchanges' registry, which must not be imported on the way of paper accounts.
_SIMULATED = "simulated"


def account_port(account: Account, *, now: datetime) -> AccountPort:
    """Return what an account is asked through: its exchange, or the paper venue.

    A closed account has one as well: what rests of it is still looked after. So has a
    live one while LIVE_TRADING is off, with which nothing can be placed: what rests can
    be read and cancelled.

    Args:
        account: Whose venue it is.
        now: The moment, UTC.

    Raises:
        LiveTradingOff: The account is live and has no keys, and LIVE_TRADING is off.
        CredentialsMissing: The account is live and has no keys.
        CredentialsSealBroken: Its keys cannot be opened.
        ExchangeUnknown, ExchangeUnavailable, ExchangeUnsupported: Its exchange cannot be
            reached by this installation.
    """
    if account.mode == AccountMode.PAPER.value:
        from apps.portfolio.paper.venue import PaperVenue  # noqa: PLC0415

        return PaperVenue(account)
    if not Credential.objects.filter(account=account).exists():
        live_trading_check()
    # Deferred: a paper account must not come near it.
    from apps.portfolio.live_clients import live_port  # noqa: PLC0415

    port = live_port(account, now=now)
    return port if settings.LIVE_TRADING else cast("AccountPort", _Withdrawing(port))


class _Withdrawing:
    """A port that everything can be asked and cancelled through, and nothing placed."""

    def __init__(self, port: AccountPort) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def order_place(self, request: OrderRequest) -> Never:  # noqa: ARG002
        """Refuse it."""
        raise _live_trading_off()


def trading_admit(*, account: Account, now: datetime) -> None:
    """Make sure that an account may send orders; for one on paper this asks no database.

    Args:
        account: Which wants to.
        now: The moment, UTC.

    Raises:
        AccountClosed: It was closed.
        ExchangeNotAllowed: EXCHANGES_ALLOWED leaves its exchange out.
        LiveTradingOff: It is live, and LIVE_TRADING is off.
        CredentialsMissing: It is live and has no keys.
        PreflightNotPassed: It is live, and no preflight that was passed still holds.
    """
    if account.closed_at is not None:
        msg = f"The account {account.name!r} was closed; no order can be sent from it."
        raise AccountClosed(msg)
    if account.mode == AccountMode.PAPER.value:
        return
    exchange_allowed_check(account.exchange)
    live_trading_check()
    if not Credential.objects.filter(account=account).exists():
        raise keys_missing(account)
    newest = preflight_newest(account)
    if newest is not None and preflight_holds(newest, now=now):
        return
    if newest is None:
        why = "it has never been through one"
    elif not newest.passed:
        why = "its last one found what must be mended first"
    elif newest.void_at is not None:
        why = "its keys have changed since the last one"
    else:
        why = f"its last one is over {settings.PREFLIGHT_VALID_SECONDS} s old"
    msg = (
        f"The live account {account.name!r} needs a preflight that was passed: {why}. "
        f"POST /api/v1/accounts/{account.pk}/preflight/ runs one."
    )
    raise PreflightNotPassed(msg)


def live_trading_check() -> None:
    """Refuse to go on where this installation trades on paper alone.

    Raises:
        LiveTradingOff: LIVE_TRADING is off.
    """
    if not settings.LIVE_TRADING:
        raise _live_trading_off()


def _live_trading_off() -> LiveTradingOff:
    msg = (
        "LIVE_TRADING is off: this installation sends no orders to exchanges. "
        "Whoever runs it decides that; paper accounts trade all the same."
    )
    return LiveTradingOff(msg)


def exchange_allowed_check(exchange: str) -> None:
    """Refuse an exchange that this installation leaves out.

    Raises:
        ExchangeNotAllowed: EXCHANGES_ALLOWED does not name it.
    """
    allowed = settings.EXCHANGES_ALLOWED
    if allowed and exchange != _SIMULATED and exchange not in allowed:
        msg = (
            f"EXCHANGES_ALLOWED leaves {exchange} out; allowed are "
            f"{', '.join(sorted(allowed))}."
        )
        raise ExchangeNotAllowed(msg, attr="exchange")


def keys_missing(account: Account) -> CredentialsMissing:
    """Return what says that a live account has no keys."""
    msg = (
        f"The live account {account.name!r} has no keys; PUT "
        f"/api/v1/accounts/{account.pk}/credentials/ stores them."
    )
    return CredentialsMissing(msg)

"""Put money into paper accounts, and take it out: in the venue's books and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from apps.core.exact import exact, negative, plain
from apps.exchanges.errors import ExchangeRejected
from apps.market.models import VenueMarket
from apps.portfolio.enums import AccountMode, PriceSource
from apps.portfolio.errors.accounts import AccountClosed
from apps.portfolio.errors.ledger import LedgerOverflow
from apps.portfolio.errors.paper import (
    AccountIsLive,
    CurrencyUnknown,
    WithdrawalTooLarge,
)
from apps.portfolio.models import Account
from apps.portfolio.paper.candles import series_of
from apps.portfolio.paper.holdings import pair_lock
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.services.equity import equity_follow
from apps.portfolio.services.posting import deposit_post, withdrawal_post

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from apps.portfolio.models import LedgerTransaction
    from apps.portfolio.paper.holdings import Holdings
    from apps.users.models import User

_CAUSE = "paper"


@dataclass(frozen=True, slots=True)
class PaperFlow:
    """Money that was put into a paper account, or taken out.

    Attributes:
        transaction: Of the ledger.
        currency: Which.
        amount: How much, above zero.
        free: What is free of it now.
    """

    transaction: LedgerTransaction
    currency: str
    amount: Decimal
    free: Decimal


@transaction.atomic
def paper_deposit(
    *,
    actor: User,
    account_id: UUID,
    currency: str,
    amount: Decimal,
    now: datetime,
    memo: str = "",
) -> PaperFlow:
    """Put money into a paper account.

    Args:
        actor: Whose account it is.
        account_id: Which one.
        currency: Its code, as the exchange writes it.
        amount: How much, above zero.
        now: The moment, UTC.
        memo: For people.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountIsLive, AccountClosed: It takes none.
        CurrencyUnknown: No market of its exchange trades this currency.
        LedgerOverflow: It would be more than can be kept.
    """
    account = _paper_account(actor, account_id)
    _currency_check(account, currency)
    return paper_credit(
        account=account, currency=currency, amount=amount, now=now, memo=memo
    )


@transaction.atomic
def paper_withdraw(
    *,
    actor: User,
    account_id: UUID,
    currency: str,
    amount: Decimal,
    now: datetime,
    memo: str = "",
) -> PaperFlow:
    """Take money out of a paper account; what open orders hold stays.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountIsLive, AccountClosed: Nothing can be taken out of it.
        WithdrawalTooLarge: Less is free.
    """
    account = _paper_account(actor, account_id)
    _, holdings = pair_lock(account, currency, currency)
    free = holdings.free(currency)
    if free < amount:
        msg = (
            f"{plain(amount)} {currency} are more than is free: {plain(free)} "
            f"{currency}. What open orders hold cannot be taken out."
        )
        raise WithdrawalTooLarge(msg, attr="amount")
    holdings.change(currency, free=negative(amount))
    post = partial(withdrawal_post, account=account, memo=memo)
    return _flow(post, account, holdings, currency, amount, now)


@transaction.atomic
def paper_credit(
    *, account: Account, currency: str, amount: Decimal, now: datetime, memo: str = ""
) -> PaperFlow:
    """Put money into a paper account that was checked already.

    Raises:
        LedgerOverflow: It would be more than can be kept.
    """
    _, holdings = pair_lock(account, currency, currency)
    try:
        holdings.change(currency, free=exact(amount))
    except ExchangeRejected as error:
        raise LedgerOverflow(error.message, attr="amount") from error
    post = partial(deposit_post, account=account, memo=memo)
    return _flow(post, account, holdings, currency, amount, now)


def _flow(
    post: Callable[..., LedgerTransaction],
    account: Account,
    holdings: Holdings,
    currency: str,
    amount: Decimal,
    now: datetime,
) -> PaperFlow:
    """Write what came or went: at the paper venue, in the ledger, and as equity."""
    holdings.save()
    written = post(
        currency=currency,
        amount=exact(amount),
        cause=_CAUSE,
        cause_id=str(uuid4()),
        at=now,
        now=now,
    )
    equity_follow(account=account, now=now)
    return PaperFlow(written, currency, amount, holdings.free(currency))


def _paper_account(actor: User, account_id: UUID) -> Account:
    account = account_get(actor=actor, account_id=account_id)
    if account.mode != AccountMode.PAPER.value:
        msg = (
            f"The account {account.name!r} is live: its money is moved at "
            f"{account.exchange} itself, and found by the next reconciliation."
        )
        raise AccountIsLive(msg)
    # An account is closed under the lock of its row.
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if account.closed_at is not None:
        msg = f"The account {account.name!r} was closed; no money moves in it."
        raise AccountClosed(msg)
    return account


def _currency_check(account: Account, currency: str) -> None:
    if currency == account.currency:
        return
    if account.price_source == PriceSource.CANDLES.value:
        series = series_of(account)
        known = series is None or currency in {
            series.instrument.base,
            series.instrument.quote,
        }
    else:
        listed = VenueMarket.objects.filter(exchange=account.exchange)
        traded = listed.filter(Q(base=currency) | Q(quote=currency))
        known = traded.exists() or not listed.exists()
    if not known:
        msg = (
            f"No market of {account.exchange} trades {currency!r}, as far as this "
            "account can tell; currencies are written as in its symbols, such as USDT."
        )
        raise CurrencyUnknown(msg, attr="currency")

"""Make, change and close accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from apps.exchanges.account_port import VenueOrderState
from apps.portfolio.closing import hindrances
from apps.portfolio.enums import AccountMode, PriceSource
from apps.portfolio.errors.accounts import (
    AccountClosed,
    AccountFieldsInvalid,
    AccountInUse,
    AccountNameTaken,
    AccountsTooMany,
)
from apps.portfolio.models import Account, PaperHead, PaperOrder
from apps.portfolio.selectors.accounts import account_get, account_missing
from apps.portfolio.services.account_fields import (
    currency_form_check,
    live_fields_check,
    paper_fields_check,
)
from apps.users.models import User

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

MOST_ACCOUNTS = 50
MOST_LATENCY_MS = 60_000
REPLAY_SPEEDS = (0.1, 100_000.0)
# Of paper accounts alone; these stand where nothing is said.
PAPER_DEFAULTS: dict[str, Any] = {
    "maker_fee": Decimal("0.001"),
    "taker_fee": Decimal("0.001"),
    "latency_ms": 0,
    "price_source": PriceSource.LIVE.value,
    "series_id": None,
    "replay_from": None,
    "replay_speed": 1.0,
}
_PAPER_COSTS = frozenset({"maker_fee", "taker_fee", "latency_ms"})


@transaction.atomic
def account_create(
    *,
    actor: User,
    name: str,
    mode: str,
    exchange: str,
    currency: str,
    now: datetime,  # noqa: ARG001 - every write is told the time
    **paper: Any,
) -> Account:
    """Make an account with nothing in it.

    Args:
        actor: Whose it is.
        name: For people; unique among the actor's.
        mode: `paper` or `live`.
        exchange: Where it trades, or whose markets and prices it trades on paper.
        currency: What it is valued in.
        now: The moment, UTC.
        paper: What only paper accounts have, of `PAPER_DEFAULTS`.

    Raises:
        AccountsTooMany: The actor has as many as one may.
        AccountNameTaken: The actor has one of this name.
        AccountFieldsInvalid: Fields do not go together, or nothing at the exchange could
            be valued in the currency, as far as its markets were read.
        AccountExchangeUnsuited: A live account where nothing can be traded.
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        SeriesNotFound: The actor has no such candle series.
    """
    # One at a time for each person: the count would be wrong otherwise.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    mine = Account.objects.filter(owner=actor)
    if mine.filter(closed_at__isnull=True).count() >= MOST_ACCOUNTS:
        msg = f"You have {MOST_ACCOUNTS} open accounts; close one first."
        raise AccountsTooMany(msg)
    if mine.filter(name=name).exists():
        raise _taken(name)
    currency_form_check(currency)
    if mode == AccountMode.LIVE.value:
        live_fields_check(exchange, currency, paper)
        fields = PAPER_DEFAULTS | {"maker_fee": Decimal(0), "taker_fee": Decimal(0)}
    else:
        fields = PAPER_DEFAULTS | paper
        paper_fields_check(actor, exchange, currency, fields)
    account = Account(
        owner=actor,
        name=name,
        mode=mode,
        exchange=exchange,
        currency=currency,
        **fields,
    )
    _save(account)
    if mode == AccountMode.PAPER.value:
        PaperHead.objects.create(account=account)
    return account


@transaction.atomic
def account_update(
    *,
    actor: User,
    account_id: UUID,
    now: datetime,  # noqa: ARG001 - every write is told the time
    **changes: Any,
) -> Account:
    """Change an account's name, or what trading on paper costs.

    Args:
        actor: Whose it is.
        account_id: Which one.
        now: The moment, UTC.
        changes: `name`; of a paper account also `maker_fee`, `taker_fee` and
            `latency_ms`. Orders that are there already are filled at the new fees.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountNameTaken: Another of the actor's has this name.
        AccountClosed: It was closed, and more than its name is to be changed.
        AccountFieldsInvalid: A live account has no such fields.
    """
    account = account_locked(actor=actor, account_id=account_id)
    costs = sorted(changes.keys() & _PAPER_COSTS)
    if costs and account.closed_at is not None:
        raise _closed(account)
    if costs and account.mode == AccountMode.LIVE.value:
        msg = f"A live account has no {costs[0]}: its exchange decides that."
        raise AccountFieldsInvalid(msg, attr=costs[0])
    name = changes.get("name", account.name)
    if name != account.name and (
        Account.objects.filter(owner=actor, name=name).exists()
    ):
        raise _taken(name)
    for field, value in changes.items():
        setattr(account, field, value)
    _save(account)
    return account


@transaction.atomic
def account_close(*, actor: User, account_id: UUID, now: datetime) -> Account:
    """Close an account; its ledger and orders stay, and what it holds stays in it.

    Closing a closed account changes nothing.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountInUse: Orders are open, or something else is under way.
    """
    account = account_locked(actor=actor, account_id=account_id)
    if account.closed_at is not None:
        return account
    under_way = list(hindrances(account))
    if under_way:
        msg = f"The account {account.name!r} cannot be closed: {'; '.join(under_way)}."
        raise AccountInUse(msg)
    account.closed_at = now
    account.save(update_fields=("closed_at", "updated_at"))
    return account


def account_locked(*, actor: User, account_id: UUID) -> Account:
    """Return an account that nobody else changes until the commit.

    Raises:
        AccountNotFound: No such account for this actor.
    """
    mine = Account.objects.select_for_update(no_key=True).filter(owner=actor)
    found = mine.filter(pk=account_id).first()
    if found is None:
        raise account_missing(account_id)
    return found


def open_account_get(*, actor: User, account_id: UUID) -> Account:
    """Return one of the actor's accounts that was not closed.

    Raises:
        AccountNotFound: No such account for this actor.
        AccountClosed: It was closed.
    """
    account = account_get(actor=actor, account_id=account_id)
    if account.closed_at is not None:
        raise _closed(account)
    return account


def paper_orders_open(account: Account) -> str:
    """Say that orders rest at the paper venue; a hindrance to closing."""
    resting = PaperOrder.objects.filter(
        account=account, state=VenueOrderState.OPEN.value
    ).count()
    return f"{resting} orders are open; cancel them first" if resting else ""


def _save(account: Account) -> None:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        # Another request took the name at the same moment.
        raise _taken(account.name) from error


def _taken(name: str) -> AccountNameTaken:
    msg = f"You have an account {name!r} already; a closed one keeps its name."
    return AccountNameTaken(msg, attr="name")


def _closed(account: Account) -> AccountClosed:
    return AccountClosed(f"The account {account.name!r} was closed.")

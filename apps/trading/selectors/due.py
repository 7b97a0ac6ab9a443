"""What the trading process has to see to."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, Subquery

from apps.portfolio.enums import AccountMode
from apps.portfolio.models import Account, Credential, PaperOrder, Position
from apps.risk.enums import TradingState
from apps.risk.models import RiskScope
from apps.trading.enums import OrderState, ReconciliationState
from apps.trading.models import Order, Reconciliation
from apps.trading.transitions import UNSETTLED, WORKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

# A paper venue keeps its books beside ours: they are compared less often.
PAPER_EVERY = timedelta(minutes=15)
# Whoever wrote an intent sends it at once, or has died.
INTENT_LASTS = timedelta(seconds=60)
SOONEST, LATEST = timedelta(seconds=0.5), timedelta(seconds=30)
# Of its age, an order that is not settled is left alone before it is asked for again.
_SHARE = 0.25
_MOST = 1000
_CHUNK = 500
_PAPER_OPEN = "open"
_WORKING = tuple(state.value for state in WORKING)


def orders_due(*, now: datetime, jitter: float = 1.0) -> dict[UUID, list[UUID]]:
    """Return orders that the venue is to be asked for, by account, the oldest first.

    An order is asked for again the later the longer it has been unknown.

    Args:
        now: The moment, UTC.
        jitter: By what the waits are multiplied, so that not all come at once.
    """
    intent = Q(state=OrderState.INTENT.value, created_at__lt=now - INTENT_LASTS)
    missing = Q(venue_filled__isnull=False) & ~Q(venue_filled=F("filled"))
    rows = (
        Order.objects.filter(ended_at__isnull=True)
        .filter(
            Q(state__in=UNSETTLED) | Q(cancel_asked_at__isnull=False) | missing | intent
        )
        .order_by(F("looked_at").asc(nulls_first=True), "created_at")
        .only(
            "account_id",
            "state",
            "created_at",
            "sent_at",
            "sending_until",
            "unknown_at",
            "cancel_asked_at",
            "looked_at",
        )[:_MOST]
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for order in rows:
        if _due(order, now, jitter):
            found[order.account_id].append(order.pk)
    return dict(found)


def _due(order: Order, now: datetime, jitter: float) -> bool:
    if order.state == OrderState.SENT.value and (order.sending_until or now) > now:
        return False
    if order.looked_at is None:
        return True
    since = order.unknown_at or order.cancel_asked_at or order.sent_at
    age = now - (since or order.created_at)
    wait = min(max(age * _SHARE, SOONEST), LATEST) * jitter
    return order.looked_at + wait <= now


def paper_orders_changed() -> dict[UUID, list[UUID]]:
    """Return paper orders that the paper venue has gone on with, by account."""
    open_here = Order.objects.filter(
        account__mode=AccountMode.PAPER.value, ended_at__isnull=True, state__in=_WORKING
    ).order_by("created_at")
    ours = {
        (account, name): (order, filled)
        for order, account, name, filled in open_here.values_list(
            "id", "account_id", "client_order_id", "filled"
        )
    }
    found: dict[UUID, list[UUID]] = defaultdict(list)
    names = [name for _, name in ours]
    for first in range(0, len(names), _CHUNK):
        rows = PaperOrder.objects.filter(
            client_order_id__in=names[first : first + _CHUNK]
        )
        for account, name, state, filled in rows.values_list(
            "account_id", "client_order_id", "state", "filled"
        ):
            known = ours.get((account, name))
            if known is not None and (state != _PAPER_OPEN or filled != known[1]):
                found[account].append(known[0])
    return dict(found)


def accounts_to_reconcile(*, now: datetime) -> list[Account]:
    """Return the accounts whose last comparison with their venue is due again."""
    every = timedelta(seconds=settings.RECONCILE_EVERY_SECONDS)
    begun = Reconciliation.objects.filter(account=OuterRef("pk")).order_by(
        "-created_at", "-id"
    )
    accounts = accounts_watched().annotate(
        last=Subquery(begun.values("started_at")[:1])
    )
    due = Q(last__isnull=True) | Q(mode=AccountMode.LIVE.value, last__lte=now - every)
    due |= Q(mode=AccountMode.PAPER.value, last__lte=now - max(PAPER_EVERY, every))
    return list(accounts.filter(due).order_by(F("last").asc(nulls_first=True))[:_MOST])


def accounts_watched() -> QuerySet[Account]:
    """Return the accounts that can be compared with a venue.

    Live ones with keys, where LIVE_TRADING is on, or something of them has not ended;
    paper ones that have ever ordered.
    """
    not_ended = Order.objects.filter(account=OuterRef("pk"), ended_at__isnull=True)
    any_order = Order.objects.filter(account=OuterRef("pk"))
    keys = Credential.objects.filter(account=OuterRef("pk"))
    wanted = Q(Exists(any_order), mode=AccountMode.PAPER.value)
    live = Q(Exists(keys), mode=AccountMode.LIVE.value)
    wanted |= live if settings.LIVE_TRADING else live & Q(Exists(not_ended))
    return Account.objects.filter(wanted).filter(
        Q(closed_at__isnull=True) | Exists(not_ended)
    )


def accounts_active(*, now: datetime) -> list[Account]:
    """Return the open accounts that hold something, or have traded within a day.

    Args:
        now: The moment, UTC.
    """
    orders = Order.objects.filter(account=OuterRef("pk"))
    held = Position.objects.filter(account=OuterRef("pk")).exclude(quantity=0)
    active = Q(Exists(held)) | Q(Exists(orders.filter(ended_at__isnull=True)))
    active |= Q(Exists(orders.filter(ended_at__gt=now - timedelta(days=1))))
    found = Account.objects.select_related("owner").filter(active, closed_at=None)
    return list(found.order_by("created_at", "id")[:_MOST])


def halts_to_follow() -> list[RiskScope]:
    """Return the halts whose end the venue has not confirmed, the oldest first."""
    return list(
        RiskScope.objects.filter(
            state=TradingState.HALTED.value, cleared_at__isnull=True
        ).order_by("halted_at")
    )


def accounts_unexplained() -> list[UUID]:
    """Return the accounts whose newest comparison left a difference unexplained."""
    newest = (
        Reconciliation.objects.filter(
            account=OuterRef("pk"), state=ReconciliationState.DONE.value
        )
        .order_by("-created_at", "-id")
        .values("unexplained")[:1]
    )
    accounts = Account.objects.filter(closed_at__isnull=True)
    found = accounts.annotate(open_difference=Subquery(newest))
    return list(found.filter(open_difference=True).values_list("id", flat=True))

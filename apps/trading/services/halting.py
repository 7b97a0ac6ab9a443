"""What follows a halt: nothing is being sent any more, and the venue has nothing open.

Everything is cancelled that rests at the venue in the account's name, also what was made
elsewhere: whoever pulls the kill switch wants no more executions. It is asked for again
until the venue itself says that nothing is open.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.exchanges.errors import OutcomeUnknown, VenueOrderNotFound
from apps.portfolio import venues
from apps.portfolio.models import Account, Credential
from apps.risk.enums import TradingState
from apps.risk.models import RiskScope
from apps.risk.services.halts import halt_cleared, halt_quiet
from apps.risk.services.telling import risk_tell
from apps.trading.enums import OrderState
from apps.trading.models import Order
from apps.trading.services.adopting import (
    order_in_flight,
    order_known,
    order_named,
)
from apps.trading.services.settling import order_pull, order_settle
from apps.trading.services.venue_look import VenueLooks
from apps.trading.transitions import FINAL, LIVE, UNSETTLED, WORKING

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.exchanges.account_port import AccountPort, VenueOrder

logger = logging.getLogger(__name__)

# How long whoever engaged the switch waits for what is being sent at the moment, and then
# for the first cancels; the trading process goes on where that is not enough.
WAIT_SECONDS = 2.0
CANCEL_SECONDS = 3.0
_LOOK_SECONDS = 0.05


def halt_follow(*, scope: RiskScope, now: datetime) -> None:
    """Do what follows a halt, once; a `halt_follower`.

    Args:
        scope: What was halted.
        now: The moment, UTC.
    """
    begun = time.monotonic()
    # The clock is asked here: that it is quiet holds for this very moment, and no order
    # may arrive between what was passed in and this.
    while not halt_quiet_check(scope=scope, now=timezone.now()):
        if time.monotonic() - begun > WAIT_SECONDS:
            break
        time.sleep(_LOOK_SECONDS)
    quiet = scope.quiet_at is not None
    until = time.monotonic() + CANCEL_SECONDS
    cleared = [
        account_clear(account=one, scope=scope, now=now, until=until)
        for one in accounts_of(scope)
    ]
    if quiet and all(cleared):
        halt_cleared(scope=scope, now=timezone.now())


def halt_stands(scope: RiskScope) -> bool:
    """Return whether this very halt has not been released."""
    return RiskScope.objects.filter(
        pk=scope.pk, state=TradingState.HALTED.value, halted_at=scope.halted_at
    ).exists()


def accounts_of(scope: RiskScope) -> QuerySet[Account]:
    """Return the accounts that a scope is about, closed ones too."""
    accounts = Account.objects.filter(owner_id=scope.owner_id)
    if scope.account_id is not None:
        accounts = accounts.filter(pk=scope.account_id)
    return accounts.order_by("created_at", "id")


def halt_quiet_check(*, scope: RiskScope, now: datetime) -> bool:
    """Return whether nothing is being sent any more under a halt; write it down once.

    Nothing can begin to be sent since the halt was committed, so that this stays so.
    """
    scope.refresh_from_db()
    if scope.state != TradingState.HALTED.value:
        return False
    if scope.quiet_at is not None:
        return True
    sending = Order.objects.filter(
        account__in=accounts_of(scope),
        # One whose answer was lost may still be on its way as well.
        state__in=UNSETTLED,
        sending_until__gt=now,
    )
    if sending.exists():
        return False
    halt_quiet(scope=scope, now=now)
    scope.refresh_from_db()
    return True


def account_clear(
    *, account: Account, scope: RiskScope, now: datetime, until: float | None = None
) -> bool:
    """Have everything cancelled that an account has at its venue.

    Args:
        account: Which one.
        scope: Under which halt; once it is released, nothing more is cancelled.
        now: The moment, UTC.
        until: By `time.monotonic`, when to leave the rest for the next time.

    Returns:
        Whether the venue says that nothing is open, and nothing of ours is unsettled.
    """
    if not halt_stands(scope):
        return False
    live = Order.objects.filter(
        account=account, ended_at__isnull=True, state__in=LIVE
    ).order_by("created_at", "id")
    try:
        port = venues.account_port(account, now=now)
    except ApplicationError as error:
        # Without keys nobody can have sent anything there; with keys that cannot be used
        # at the moment, what rests there is not known.
        keys = Credential.objects.filter(account=account)
        if not live.exists() and not keys.exists():
            return True
        logger.warning("halt of account %s: %s", account.pk, error.message)
        return False
    try:
        if not _all_pull(account, port, live, scope, now, until):
            return False
        return not port.orders_open() and not live.exists()
    except ApplicationError as error:
        logger.warning("halt of account %s: %s", account.pk, error.message)
        return False


def _all_pull(
    account: Account,
    port: AccountPort,
    live: QuerySet[Order],
    scope: RiskScope,
    now: datetime,
    until: float | None,
) -> bool:
    """Pull what rests at the venue, ours first; one that fails keeps no other.

    Returns:
        Whether there was time for all of it.
    """
    ours = list(live.select_related("account"))
    live.filter(cancel_asked_at__isnull=True).update(cancel_asked_at=now)
    failed: ApplicationError | None = None
    looks = VenueLooks(account.pk, port, now)
    for order in ours:
        if until is not None and time.monotonic() > until:
            return False
        try:
            if OrderState(order.state) in WORKING:
                order_pull(order=order, port=port, now=now)
            else:
                order_settle(order=order, port=port, now=now, looks=looks)
        except ApplicationError as error:
            failed = error
    pulled = {one.venue_order_id for one in ours}
    for told in port.orders_open():
        if told.id not in pulled and halt_stands(scope):
            _pull_other(account, port, told, now)
    if failed is not None:
        raise failed
    return True


def _pull_other(
    account: Account, port: AccountPort, told: VenueOrder, now: datetime
) -> None:
    """Cancel what else rests at the venue: made elsewhere, ended here, or on its way."""
    ours = _ours(account, told)
    try:
        port.order_cancel(told.symbol, order_id=told.id)
    except (VenueOrderNotFound, OutcomeUnknown):
        return
    if ours is not None and OrderState(ours.state) not in FINAL:
        # It is wanted gone already; whoever sends it, or settles it, tells what came of it.
        return
    why = "was not made here" if ours is None else f"is {ours.state} here"
    with transaction.atomic():
        risk_tell(
            owner_id=account.owner_id,
            account_id=account.pk,
            name="other_order_cancelled",
            detail=(
                f"The order {told.id} of {told.symbol} rested at the venue and {why}; "
                "the halt cancelled it too."
            ),
            now=now,
        )


def _ours(account: Account, told: VenueOrder) -> Order | None:
    """Return the order of ours that the venue means, or may mean."""
    return (
        order_known(account, told)
        or order_named(account, told)
        or order_in_flight(account, told)
    )

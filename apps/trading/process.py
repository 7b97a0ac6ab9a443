"""The trading process: whatever has to agree with the venues, is brought to agree.

Several may run: each piece of work is safe beside another's. What hangs at one venue
keeps no other waiting, and what fails is tried again.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import setproctitle
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.core.database import database_passing
from apps.core.errors import ApplicationError, Unavailable
from apps.portfolio import venues
from apps.portfolio.enums import AccountMode
from apps.portfolio.models import Account
from apps.portfolio.paper.matching import paper_step
from apps.risk.services.halts import halt_cleared
from apps.risk.services.self_locking import account_watch
from apps.trading.enums import ReconciliationTrigger
from apps.trading.lanes import Lanes
from apps.trading.models import Order
from apps.trading.selectors.due import (
    accounts_active,
    accounts_to_reconcile,
    accounts_watched,
    halts_to_follow,
    orders_due,
    paper_orders_changed,
)
from apps.trading.services.halting import (
    account_clear,
    accounts_of,
    halt_quiet_check,
    halt_stands,
)
from apps.trading.services.reconciling import account_reconcile
from apps.trading.services.settling import order_settle
from apps.trading.services.venue_look import VenueLooks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import FrameType
    from uuid import UUID

    from apps.risk.models import RiskScope

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
LOOK_SECONDS = 1.0
# Paper fills that another process made, or that a crash left behind.
CATCH_UP_SECONDS = 5.0
# Between two looks at what accounts have lost.
WATCH_SECONDS = 60.0
STOP_SECONDS = 7.0
RETRY_FIRST, RETRY_MOST = 0.5, 5.0
_PAPER = "paper"


class TradingProcess:
    """Looks for what is to be done until it is told to stop.

    Args:
        sign: Touched each time that the database has answered, for whoever watches.
        seconds: For how long to run; None: until told to stop.
    """

    def __init__(
        self, *, sign: Path | None = None, seconds: float | None = None
    ) -> None:
        self._sign = sign
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._stopping = threading.Event()
        self._lanes = Lanes()
        self._failed = 0
        self._began: dict[str, float] = {}
        self._started = False
        # Under which halt the venue has confirmed that an account has nothing open.
        self._cleared: dict[tuple[str, UUID], datetime] = {}

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or the end of the time given."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        setproctitle.setproctitle("parallax: trading")
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self.look())
                if self._ends is not None and time.monotonic() >= self._ends:
                    return
        finally:
            if not self._lanes.stop(STOP_SECONDS):
                logger.warning("trading: a venue still has not answered; left behind")

    def look(self) -> float:
        """Start what is due; return in how many seconds to look again."""
        try:
            self._look(timezone.now())
        except DatabaseError as error:
            if not database_passing(error):
                logger.exception("trading: the database refused")
            else:
                logger.warning("trading: the database failed: %s", error)
            connections.close_all()
            self._failed += 1
            wait = min(RETRY_MOST, RETRY_FIRST * 2.0 ** min(self._failed, 8))
            return wait * (1 - random.random() / 2)  # noqa: S311 - no secret
        self._failed = 0
        if self._sign is not None:
            self._sign.touch()
        return TICK_SECONDS

    def settled(self, seconds: float) -> bool:
        """Wait until nothing waits or runs; return whether that came to be."""
        until = time.monotonic() + seconds
        while not self._lanes.idle():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stopping.set()

    def _look(self, now: datetime) -> None:
        self._lanes.submit(_PAPER, "paper", self._paper)
        if not self._due("look", LOOK_SECONDS):
            return
        if not self._started:
            self._start()
        self._halts(now)
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        for account_id, orders in orders_due(now=now, jitter=jitter).items():
            self._settle(account_id, orders)
        for account in accounts_to_reconcile(now=now):
            self._reconcile(account, ReconciliationTrigger.SCHEDULE)
        if self._due("watch", WATCH_SECONDS):
            self._lanes.submit("watch", "losses and results", self._watch)

    def _due(self, name: str, seconds: float) -> bool:
        last = self._began.get(name)
        if last is not None and time.monotonic() < last + seconds:
            return False
        self._began[name] = time.monotonic()
        return True

    def _start(self) -> None:
        """Compare what may have gone on while no process looked."""
        live = accounts_watched().filter(mode=AccountMode.LIVE.value)
        unfinished = accounts_watched().filter(
            pk__in=Order.objects.filter(ended_at__isnull=True).values("account_id")
        )
        for account in (live | unfinished).distinct():
            self._reconcile(account, ReconciliationTrigger.START)
        self._started = True

    def _paper(self) -> None:
        """Match what rests on paper, and take over what came of it."""
        matched = paper_step(now=timezone.now())
        if not matched.accounts and not self._due("paper", CATCH_UP_SECONDS):
            return
        for account_id, orders in paper_orders_changed().items():
            orders_settle(account_id, orders, self._stopping.is_set)

    def _settle(self, account_id: UUID, orders: Sequence[UUID]) -> None:
        lane = self._lane(account_id)
        work = partial(orders_settle, account_id, orders, self._stopping.is_set)
        self._lanes.submit(lane, f"orders of account {account_id}", work)

    def _reconcile(self, account: Account, trigger: ReconciliationTrigger) -> None:
        work = partial(_reconciled, account, trigger)
        key = f"reconciliation of account {account.pk}"
        self._lanes.submit(_lane_of(account), key, work)

    def _halts(self, now: datetime) -> None:
        """Go on with halts: nothing sent any more, nothing open any more."""
        for scope in halts_to_follow():
            quiet = halt_quiet_check(scope=scope, now=now)
            if not halt_stands(scope):
                continue
            halted = scope.halted_at or now
            accounts = list(accounts_of(scope))
            left = [
                one
                for one in accounts
                if self._cleared.get((scope.scope, one.pk)) != halted
            ]
            if quiet and not left:
                halt_cleared(scope=scope, now=now)
                continue
            for account in left:
                work = partial(self._clear, scope, account, halted, quiet=quiet)
                key = f"halt of account {account.pk}"
                # A lane of its own: it waits for no reconciliation.
                self._lanes.submit(f"halt-{_lane_of(account)}", key, work)

    def _clear(
        self, scope: RiskScope, account: Account, halted: datetime, *, quiet: bool
    ) -> None:
        clear = account_clear(account=account, scope=scope, now=timezone.now())
        # What was being sent may have arrived since: only what was asked for after that
        # counts.
        if clear and quiet:
            self._cleared[scope.scope, account.pk] = halted

    def _watch(self) -> None:
        """Judge losses and results while nobody places an order."""
        for account in accounts_active(now=timezone.now()):
            if self._stopping.is_set():
                return
            try:
                account_watch(account=account, now=timezone.now())
            except Unavailable:
                # Where prices are does not answer: neither for the others.
                raise
            except ApplicationError as error:
                logger.warning("losses of account %s: %s", account.pk, error.message)

    def _lane(self, account_id: UUID) -> str:
        return _lane_of(Account.objects.get(pk=account_id))


def _lane_of(account: Account) -> str:
    if account.mode == AccountMode.PAPER.value:
        return "paper-accounts"
    return account.exchange


def _reconciled(account: Account, trigger: ReconciliationTrigger) -> None:
    done = account_reconcile(account=account, trigger=trigger, now=timezone.now())
    if done.error_code:
        logger.warning(
            "account %s: %s: %s", account.pk, done.error_code, done.error_message
        )
    elif done.findings:
        logger.info("account %s: %d findings", account.pk, len(done.findings))


def orders_settle(
    account_id: UUID, orders: Sequence[UUID], stopping: Callable[[], bool]
) -> None:
    """Ask the venue of an account for some orders, one after the other.

    Args:
        account_id: Whose they are.
        orders: Their ids.
        stopping: Says whether to leave the rest.

    Raises:
        ApplicationError: The venue could not be asked; the rest is asked for later.
    """
    account = Account.objects.get(pk=account_id)
    try:
        port = venues.account_port(account, now=timezone.now())
    except ApplicationError:
        # Asked again later, as if the venue had not answered.
        Order.objects.filter(pk__in=orders).update(looked_at=timezone.now())
        raise
    looks = VenueLooks(account_id, port, timezone.now())
    rows = Order.objects.select_related("account").filter(pk__in=orders)
    for order in rows.order_by("created_at", "id"):
        if stopping():
            return
        told = order_settle(order=order, port=port, now=timezone.now(), looks=looks)
        if told.settled or told.found:
            logger.info(
                "order %s: %s, %s %s", order.pk, told.before, told.after, told.found
            )

"""The account of the money machine: opened, traded with, and failing as fate has it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine, initialize

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import VenueOrderState
from apps.exchanges.errors import (
    ExchangeUnavailable,
    InsufficientFunds,
    OutcomeUnknown,
)
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    market_make,
    price_put,
    user_make,
)
from apps.risk.services.limits import limits_put
from apps.trading.enums import ReconciliationTrigger
from apps.trading.models import Order
from apps.trading.services.placing import order_place
from apps.trading.services.reconciling import account_reconcile
from apps.trading.tests.fake_venue import FakeVenue

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.trading.contracts import PlaceRequest

SYMBOL, PRICE = "BTC/USDT", Decimal(100)
# Position and what orders may still add to it, quote units at the one price.
LIMIT = Decimal(2_000)
CASH = Decimal(1_000_000)


class Crash(BaseException):
    """The process has died; nothing may catch it."""


class MoneyAccount(RuleBasedStateMachine):
    """One account at a venue that a person, faults and other programs trade at."""

    def __init__(self) -> None:
        super().__init__()
        # Leases are by the clock; from here on it only runs faster.
        self.now = timezone.now()
        self.venue = FakeVenue()
        self.venue.at = lambda: self.now
        self.keys: list[tuple[str, PlaceRequest]] = []
        self.outside = 0
        # Live in all but its venue: intent and sending are committed one by one.
        self._patches = (
            patch("apps.portfolio.venues.account_port", self._port),
            patch("apps.portfolio.venues.trading_admit", lambda **_: None),
        )

    def _port(self, account: object, *, now: object) -> FakeVenue:  # noqa: ARG002
        return self.venue

    @initialize()
    def begin(self) -> None:
        """Open the account, with money that the venue knows of."""
        for one in self._patches:
            one.start()
        market_make("binance", SYMBOL, step="0.001", min_notional=1)
        self.user = user_make()
        self.account = account_make(self.user, mode="live")
        deposit(self.account, "USDT", CASH, self.now)
        self.venue.deposit("USDT", CASH)
        limits_put(
            actor=self.user,
            account_id=self.account.pk,
            rules={"max_position_notional": str(LIMIT)},
            expected=None,
            now=self.now,
        )
        # What happened at the venue before this is not the account's story.
        self._reconcile()

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)
        price_put("binance", SYMBOL, PRICE, PRICE, at=self.now)

    def _place(self, key: str, request: PlaceRequest) -> Order:
        return order_place(
            actor=self.user,
            account_id=self.account.pk,
            request=request,
            now=self.now,
            request_key=key,
        )

    def _reconcile(self) -> object:
        return account_reconcile(
            account=self.account,
            trigger=ReconciliationTrigger.DEMAND,
            now=self.now,
        )

    def _resting(self, which: int) -> Any:
        resting = [
            one
            for one in self.venue.orders.values()
            if one.state is VenueOrderState.OPEN
        ]
        return resting[which % len(resting)] if resting else None

    def _ours(self, which: int) -> Order | None:
        made = list(Order.objects.filter(account=self.account).order_by("created_at"))
        return made[which % len(made)] if made else None

    def _fated(self, fate: str, act: Callable[[], object]) -> None:
        """Do something while the venue, or this process, fails as fate has it."""
        lost = OutcomeUnknown("no answer")
        faults: dict[str, tuple[ApplicationError, bool]] = {
            "answer_lost": (lost, True),
            "not_taken_and_lost": (lost, False),
            "refused": (InsufficientFunds("too little"), False),
            "not_sent": (ExchangeUnavailable("no connection"), False),
        }
        if fate in faults:
            error, after = faults[fate]
            self.venue.fault("order_place", error, after=after)
            self._quietly(act)
            self.venue.faults_clear()
        elif fate == "dies_before_sending":
            self._dying("order_place", act)
        elif fate == "dies_after_sending":
            self._dying_at("apps.trading.services.sending.answer_take", act)
        elif fate == "dies_before_commit":
            self._dying_after("apps.trading.services.order_writing.statements_run", act)
        else:
            self._quietly(act)

    def _quietly(self, act: Callable[[], object]) -> None:
        """Do something that may be refused: that is an answer, too."""
        try:
            act()
        except ApplicationError:
            return

    def _dying(self, method: str, act: Callable[[], object]) -> None:
        def die(asked: str) -> None:
            if asked == method:
                raise Crash

        self.venue.before = die
        try:
            self._quietly(act)
        except Crash:
            return
        finally:
            self.venue.before = lambda _: None

    def _dying_after(self, function: str, act: Callable[[], object]) -> None:
        done = resolve_name(function)

        def die(*arguments: object) -> None:
            done(*arguments)
            raise Crash

        self._dying_at(function, act, die)

    def _dying_at(
        self, function: str, act: Callable[[], object], dies: Any = Crash
    ) -> None:
        with patch(function, side_effect=dies):
            try:
                self._quietly(act)
            except Crash:
                return

"""Orders, fills, cancels, crashes and reconciliations in any order, and what must hold."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from apps.exchanges.account_port import OrderKind, OrderSide, VenueOrderState
from apps.exchanges.errors import (
    OutcomeUnknown,
)
from apps.portfolio.models import LedgerBalance, LedgerEntry, Position
from apps.risk.models import Reservation
from apps.trading.contracts import PlaceRequest
from apps.trading.models import Execution, Order
from apps.trading.services.cancelling import order_cancel
from apps.trading.services.replacing import order_replace
from tests.journeys.money_account import LIMIT, PRICE, SYMBOL, MoneyAccount

UNRESOLVED = ("intent", "sent", "unknown")
# Longer than an order may be on its way, and than a venue may not know it.
LATER = timedelta(minutes=5)

FATES = st.sampled_from(
    [
        *("well",) * 6,
        *("answer_lost", "not_taken_and_lost", "refused", "not_sent"),
        *("dies_before_sending", "dies_after_sending", "dies_before_commit"),
    ]
)


class MoneyMachine(MoneyAccount):
    """What may happen to the account, in any order, and what holds all the while."""

    def teardown(self) -> None:
        """Let everything be settled, and compare all three books."""
        if hasattr(self, "account"):
            self.settled()
        for one in self._patches:
            one.stop()

    # --- what happens

    @rule(
        side=st.sampled_from(["buy", "buy", "sell"]),
        quantity=st.integers(1, 9_000),
        market=st.booleans(),
        fate=FATES,
    )
    def place(self, side: str, quantity: int, market: bool, fate: str) -> None:  # noqa: FBT001
        """Ask for an order, under a key of the request's own."""
        self._tick()
        request = PlaceRequest(
            symbol=SYMBOL,
            side=OrderSide(side),
            kind=OrderKind.MARKET if market else OrderKind.LIMIT,
            quantity=Decimal(quantity) / 1000,
            price=None if market else PRICE,
        )
        key = f"key {len(self.keys)}"
        self.keys.append((key, request))
        self._fated(fate, lambda: self._place(key, request))

    @rule(which=st.integers(0, 10_000))
    def place_again(self, which: int) -> None:
        """Send a request again whose answer was lost, or that somebody sent twice."""
        if self.keys:
            self._tick()
            key, request = self.keys[which % len(self.keys)]
            before = Order.objects.filter(account=self.account, request_key=key).first()
            self._quietly(lambda: self._place(key, request))
            if before is not None:
                after = Order.objects.get(account=self.account, request_key=key)
                assert after.pk == before.pk

    @rule(which=st.integers(0, 10_000), thousandths=st.integers(1, 1000))
    def fill(self, which: int, thousandths: int) -> None:
        """Let the venue execute a part of what rests there."""
        found = self._resting(which)
        if found is not None:
            self._tick()
            left = found.quantity - found.filled
            part = (left * thousandths / 1000).quantize(Decimal("0.001"))
            told = thousandths % 5 > 0
            self.venue.fill(
                found.id, max(part, min(left, Decimal("0.001"))), PRICE, told=told
            )

    @rule()
    def executions_come_late(self) -> None:
        """Let the venue tell of executions that it kept to itself."""
        self.venue.untold.clear()

    @rule(which=st.integers(0, 10_000), fate=st.sampled_from(["well", "answer_lost"]))
    def cancel(self, which: int, fate: str) -> None:
        """Ask for an order to be cancelled."""
        order = self._ours(which)
        if order is not None:
            self._tick()
            if fate == "answer_lost":
                lost = OutcomeUnknown("no answer")
                self.venue.fault("order_cancel", lost, after=which % 2 == 0)
            self._quietly(
                lambda: order_cancel(actor=self.user, order_id=order.pk, now=self.now)
            )
            self.venue.faults_clear()

    @rule(which=st.integers(0, 10_000), quantity=st.integers(1, 9_000), fate=FATES)
    def replace(self, which: int, quantity: int, fate: str) -> None:
        """Ask for another quantity; a fill may come in between."""
        order = self._ours(which)
        if order is not None and order.kind == "limit":
            self._tick()
            self._fated(
                fate,
                lambda: order_replace(
                    actor=self.user,
                    order_id=order.pk,
                    quantity=Decimal(quantity) / 1000,
                    price=PRICE,
                    now=self.now,
                ),
            )

    @rule(quantity=st.integers(1, 900), filled=st.booleans())
    def trade_elsewhere(self, quantity: int, filled: bool) -> None:  # noqa: FBT001
        """Let somebody place an order by the venue's own pages."""
        self._tick()
        self.outside += 1
        amount = Decimal(quantity) / 1000
        made = self.venue.outside(
            SYMBOL, "sell", amount, PRICE, client_order_id=f"web_{self.outside}"
        )
        if filled:
            self.venue.fill(made, amount, PRICE)

    @rule(seconds=st.integers(0, 90), hidden=st.booleans())
    def reconcile(self, seconds: int, hidden: bool) -> None:  # noqa: FBT001
        """Compare with the venue, which may not know its newest order yet."""
        self.now += timedelta(seconds=seconds)
        if hidden:
            for one in list(self.venue.orders.values())[-1:]:
                self.venue.hidden[one.client_order_id or ""] = 2
        self._quietly(self._reconcile)
        self.venue.hidden.clear()

    @rule(method=st.sampled_from(["orders_open", "order_get", "fills", "balances"]))
    def reconcile_and_die(self, method: str) -> None:
        """Die in the middle of a comparison, while the venue is asked."""
        self._tick()
        self._dying(method, self._reconcile)

    # --- what holds at every moment

    @invariant()
    def no_order_is_there_twice(self) -> None:
        """Each name was given to the venue once, and each request made one order."""
        names = Counter(
            arguments["request"].client_order_id
            for method, arguments in self.venue.calls
            if method == "order_place"
        )
        assert all(count == 1 for count in names.values()), names

    @invariant()
    def the_ledger_sums_to_zero(self) -> None:
        """What came to one place left another, in each currency, to the last unit."""
        if not hasattr(self, "account"):
            return
        sums: Counter[str] = Counter()
        for one in LedgerEntry.objects.filter(account=self.account):
            sums[one.currency] += one.amount
        assert not any(sums.values()), sums

    @invariant()
    def no_limit_is_overstepped(self) -> None:
        """The position and all that orders may add are within the limit."""
        if not hasattr(self, "account"):
            return
        position = Position.objects.filter(account=self.account).first()
        held = position.quantity if position else Decimal(0)
        adding = sum(
            one.quantity
            for one in Reservation.objects.filter(
                account=self.account, released_at__isnull=True, side="buy"
            )
        )
        assert (held + adding) * PRICE <= LIMIT

    def settled(self) -> None:
        """Everything is told and compared: nothing is open to doubt, all books agree."""
        self.venue.untold.clear()
        self.venue.hidden.clear()
        self.venue.faults_clear()
        for _ in range(4):
            self.now += LATER
            self._reconcile()
        orders = list(Order.objects.filter(account=self.account))
        doubtful = [one for one in orders if one.state in UNRESOLVED]
        assert doubtful == []
        self._orders_agree(orders)
        trades = {one.id: one.quantity for one in self.venue.trades}
        applied = Execution.objects.filter(account=self.account)
        assert {one.venue_trade_id: one.quantity for one in applied} == trades
        kept = LedgerBalance.objects.filter(account=self.account, place="assets")
        ours = {one.currency: one.amount for one in kept if one.amount}
        assert ours == {one: held for one, held in self.venue.money.items() if held}
        held = [one for one in orders if one.ended_at is None]
        reserved = Reservation.objects.filter(
            account=self.account, released_at__isnull=True
        )
        assert {one.order_id for one in reserved} == {one.pk for one in held}

    def _orders_agree(self, orders: list[Order]) -> None:
        by_id = {one.venue_order_id: one for one in orders if one.venue_order_id}
        differ = by_id.keys() ^ self.venue.orders.keys()
        assert not differ, [by_id.get(one) or self.venue.orders[one] for one in differ]
        for name, theirs in self.venue.orders.items():
            ours = by_id[name]
            assert ours.filled == theirs.filled, (ours, theirs)
            rests = theirs.state is VenueOrderState.OPEN
            assert (ours.ended_at is None) == rests, (ours, theirs)

"""Executions that are like others, and amounts of many digits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.exchanges.account_port import OrderKind, OrderSide, VenueFill
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.tests.world import account_make, market_make, price_put
from apps.risk.errors.gate import RiskRefused
from apps.risk.models import Reservation, RiskEvent, RiskResult
from apps.risk.tests.world import limit
from apps.trading.enums import OrderState
from apps.trading.models import Execution, Order
from apps.trading.services.adopting import order_from_fills
from apps.trading.services.executing import venue_trade_id_told
from apps.trading.services.replacing import _request
from apps.trading.services.settling import order_settle
from apps.trading.services.steps import executions_apply
from apps.trading.tests.asking import place
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from apps.portfolio.models import Account
    from apps.trading.tests.fake_venue import FakeVenue

pytestmark = pytest.mark.django_db

MANY_DIGITS = Decimal("12345678901.123456789012345678")
FIRST = Decimal("12345678900.123456789012345678")
LAST_DIGIT = Decimal("0.000000000000000001")


def settle(order: Order, fake: FakeVenue) -> None:
    order_settle(order=order, port=fake, now=timezone.now())


def test_both_sides_of_a_trade_with_oneself_are_applied_once_each(
    account: Account, fake: FakeVenue
) -> None:
    bought = place(account)
    sold = order_left(account, OrderState.OPEN, side="sell", price=Decimal(90))
    there = fake.taken(request_of(sold))
    Order.objects.filter(pk=sold.pk).update(venue_order_id=there.id)
    sold.refresh_from_db()
    for venue_id in (bought.venue_order_id, there.id):
        fake.fill(venue_id, 1, 90, trade_id="77")

    for _ in range(2):
        settle(bought, fake)
        settle(sold, fake)
        second = fake.fills_of_order("BTC/USDT", there.id, 0)
        executions_apply(order=sold, fills=second, now=timezone.now())

    assert (bought.state, sold.state) == ("filled", "filled")
    made = Execution.objects.order_by("number")
    assert [one.venue_trade_id for one in made] == ["77", "77:sell"]
    assert [venue_trade_id_told(one) for one in made] == ["77", "77"]
    assert balances_of(account) == {"USDT": Decimal(10_000)}
    assert not RiskEvent.objects.exists()
    assert ledger_check(account=account).findings == ()


def test_a_trade_that_is_told_of_two_orders_of_one_side_is_applied_once_and_found(
    account: Account, fake: FakeVenue
) -> None:
    first, second = place(account), place(account)
    for order in (first, second):
        fake.fill(order.venue_order_id, 1, 90, trade_id="77")
        settle(order, fake)

    assert (first.state, second.state) == ("filled", "open")
    assert balances_of(account)["BTC"] == 1
    assert RiskEvent.objects.get().name == "execution_of_other_order"


def test_no_digit_of_an_amount_is_lost() -> None:
    market_make()
    account = account_make(mode="live")
    order = order_left(account, OrderState.OPEN, quantity=MANY_DIGITS)
    fills = [
        VenueFill(
            id=str(number),
            order_id="v1",
            symbol="BTC/USDT",
            side=OrderSide.BUY,
            price=Decimal("0.5"),
            quantity=quantity,
            fee=Decimal(0),
            fee_currency="USDT",
            maker=True,
            time_ns=1_767_000_000_000_000_000 + number,
        )
        for number, quantity in enumerate([FIRST, LAST_DIGIT], 1)
    ]
    executions_apply(order=order, fills=fills, now=timezone.now())

    assert order.filled == Decimal("12345678900.123456789012345679")
    left = Decimal("0.999999999999999999")
    assert Reservation.objects.get().quantity == left
    replaced = _request(order, MANY_DIGITS, Decimal(2), None, None)
    assert replaced.quantity == left
    assert order_from_fills("BTC/USDT", "v1", fills).quantity == order.filled


def test_what_a_paper_order_lost_is_seen_by_the_locks_before_the_next_order(
    account: Account,
) -> None:
    limit(account, locks={"cooldown": {"lock_seconds": 3600}})
    at_market = {"kind": OrderKind.MARKET, "price": None}
    place(account, **at_market)
    price_put("binance", "BTC/USDT", "80", "80.01")
    # A position that is there already is changed, not made, by the order.
    place(account, side=OrderSide.SELL, quantity=Decimal("0.5"), **at_market)

    # Half of what was bought at 100 was sold at 80.
    (result,) = RiskResult.objects.exclude(profit=None)
    assert result.profit == -10
    with pytest.raises(RiskRefused, match="locked"):
        place(account, **at_market)

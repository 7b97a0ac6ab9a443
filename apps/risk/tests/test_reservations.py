from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import transaction

from apps.portfolio.services.posting import fill_post
from apps.portfolio.tests.world import NOW, market_make, price_put
from apps.risk.models import Reservation
from apps.risk.services.gate import exposure_adopt, exposure_release
from apps.risk.tests.world import ask, draft_make, failed, fill, limit

if TYPE_CHECKING:
    from apps.portfolio.models import Account

pytestmark = pytest.mark.usefixtures("live_store")


def test_reservations_positions_and_releases_make_the_exposure_together(
    account: Account,
) -> None:
    limit(account, max_position_notional="300")
    first, verdict = ask(account, quantity="2")
    assert verdict.allowed
    assert failed(ask(account, quantity="1.1")[1]) == ["max_position_notional"]
    # 1 is position, valued at 100, and 1 is still held.
    fill(account, first, "1", "100")
    assert Reservation.objects.get(pk=first).quantity == 1
    assert failed(ask(account, quantity="1.1")[1]) == ["max_position_notional"]
    second, verdict = ask(account, quantity="1")
    assert verdict.allowed
    exposure_release(order_id=second, now=NOW)
    exposure_release(order_id=second, now=NOW)
    assert ask(account, quantity="1")[1].allowed


def test_an_overfill_leaves_nothing_and_never_less(account: Account) -> None:
    order_id, _ = ask(account)
    fill(account, order_id, "3", "100")
    held = Reservation.objects.get(pk=order_id)
    assert (held.quantity, held.notional) == (0, 0)


def test_two_sells_do_not_reduce_the_same_position(account: Account) -> None:
    bought, _ = ask(account)
    fill(account, bought, "1", "100")
    exposure_release(order_id=bought, now=NOW)
    _, verdict = ask(account, side="sell", quantity="0.6", reduce_only=True)
    assert verdict.allowed
    _, verdict = ask(account, side="sell", quantity="0.6", reduce_only=True)
    assert set(failed(verdict)) == {"reduce_only", "funds"}
    assert ask(account, side="sell", quantity="0.4", reduce_only=True)[1].allowed


def test_what_reduces_passes_where_nothing_may_be_added(account: Account) -> None:
    bought, _ = ask(account)
    fill(account, bought, "1", "100")
    exposure_release(order_id=bought, now=NOW)
    limit(
        account,
        max_position_notional="1",
        forbidden_instruments=["*"],
        max_leverage="0.001",
    )
    assert ask(account, side="sell", quantity="1")[1].allowed
    assert not ask(account, quantity="1")[1].allowed


def test_what_somebody_else_ordered_is_held_unjudged(account: Account) -> None:
    limit(account, max_position_notional="150")
    order_id = uuid4()
    for _ in range(2):
        exposure_adopt(
            account=account, order_id=order_id, draft=draft_make(quantity="9"), now=NOW
        )
    assert Reservation.objects.get().quantity == 9
    assert failed(ask(account, quantity="0.01")[1]) == ["max_position_notional"]


@transaction.atomic
def adopt_unpriced(account: Account) -> Reservation:
    """Adopt an order of a market that nobody knows a price of."""
    draft = draft_make(price=None, symbol="ETH/USDT")
    return exposure_adopt(account=account, order_id=uuid4(), draft=draft, now=NOW)


def test_an_adopted_order_is_held_at_what_was_paid_where_there_is_no_price(
    account: Account,
) -> None:
    for number, (side, quantity, price) in enumerate(
        [("buy", 1, 80), ("buy", 1, 100), ("sell", 2, 70)]
    ):
        fill_post(
            account=account,
            cause_id=str(number),
            symbol="ETH/USDT",
            base="ETH",
            quote="USDT",
            side=side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            fee=Decimal(0),
            fee_currency="USDT",
            at=NOW,
            now=NOW,
        )
        if side == "buy":
            assert adopt_unpriced(account).price in {80, 90}
    assert adopt_unpriced(account).price == 70


def test_the_exposure_of_an_adopted_order_without_any_price_is_unknown(
    account: Account,
) -> None:
    limit(account, max_position_notional="300")
    market_make(symbol="ETH/USDT")
    held = adopt_unpriced(account)
    price_put("binance", "ETH/USDT", "99", "101", at=NOW)
    _, verdict = ask(account, symbol="ETH/USDT")
    assert failed(verdict) == ["max_position_notional"]
    assert "ETH/USDT" in next(one.message for one in verdict.rules if not one.passed)
    exposure_release(order_id=held.order_id, now=NOW)
    assert ask(account, symbol="ETH/USDT")[1].allowed

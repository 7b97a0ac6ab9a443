"""An account is closed, or it has orders; never both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from apps.portfolio.errors.accounts import AccountClosed, AccountInUse
from apps.portfolio.services.accounts import account_close
from apps.portfolio.tests.world import account_make
from apps.risk.models import Reservation
from apps.trading.enums import OrderState
from apps.trading.models import Order
from apps.trading.services import placing
from apps.trading.services.intents import intent_commit
from apps.trading.services.steps import order_step
from apps.trading.tests.asking import place
from apps.trading.tests.orders import order_left

if TYPE_CHECKING:
    from apps.portfolio.models import Account
    from apps.trading.tests.fake_venue import FakeVenue
    from apps.users.models import User

pytestmark = pytest.mark.django_db


def close(account: Account) -> Account:
    return account_close(actor=account.owner, account_id=account.pk, now=timezone.now())


@pytest.mark.parametrize(
    "state", [OrderState.INTENT, OrderState.SENT, OrderState.UNKNOWN, OrderState.OPEN]
)
def test_a_live_account_with_an_order_that_may_be_executed_is_not_closed(
    trader: User, state: OrderState
) -> None:
    account = account_make(trader, mode="live")
    order = order_left(account, state)
    with pytest.raises(AccountInUse, match="1 orders have not ended"):
        close(account)

    order_step(order=order, to=OrderState.CANCELLED, cause="test", now=timezone.now())
    assert close(account).closed_at is not None


def test_an_account_that_is_closed_while_an_order_is_judged_gets_none(
    account: Account, fake: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed_before(*args: Any) -> None:
        close(account)
        intent_commit(*args)

    monkeypatch.setattr(placing, "intent_commit", closed_before)
    with pytest.raises(AccountClosed):
        place(account)

    assert not Order.objects.exists()
    assert not Reservation.objects.exists()
    assert fake.asked("order_place") == 0

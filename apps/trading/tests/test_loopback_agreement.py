"""Agreement with an exchange on loopback that the real ccxt client trades with."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.exchanges.account_port import OrderKind, OrderRequest, OrderSide
from apps.exchanges.errors import OutcomeUnknown
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.tests.world import account_make, market_make
from apps.trading.enums import OrderOrigin, OrderState, ReconciliationTrigger
from apps.trading.models import Execution, Order
from apps.trading.services import comparing_balances
from apps.trading.services.reconciling import account_reconcile
from apps.trading.services.settling import order_settle
from apps.trading.services.steps import order_step
from apps.trading.tests.orders import order_left, request_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.exchanges.adapters.ccxt.account import CcxtAccount
    from apps.portfolio.models import Account
    from apps.trading.models import Reconciliation
    from tests.exchange_server.fixtures import Served

pytestmark = pytest.mark.django_db


@pytest.fixture
def port(
    exchange_server: Served, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CcxtAccount]:
    # ccxt takes seconds to import: only tests that ask for an exchange pay for it.
    from apps.exchanges.adapters.ccxt.account import CcxtAccount  # noqa: PLC0415
    from apps.exchanges.tests.loopback import QUICK, keyed  # noqa: PLC0415

    monkeypatch.setattr(comparing_balances, "RECHECK_SECONDS", 0)
    exchange_server.price_set("BTCUSDT", "50000")
    opened = CcxtAccount("binance", keyed(exchange_server), QUICK)
    yield opened
    opened.close()


@pytest.fixture
def account(port: CcxtAccount) -> Account:
    market_make()
    made = account_make(mode="live")
    assert compare(made, port).state == "done"
    return made


def compare(account: Account, port: CcxtAccount) -> Reconciliation:
    demand = ReconciliationTrigger.DEMAND
    return account_reconcile(
        account=account, trigger=demand, now=timezone.now(), port=port
    )


def sent(account: Account) -> Order:
    half = Decimal("0.5")
    return order_left(account, OrderState.SENT, quantity=half, price=Decimal(40_000))


def lost(order: Order, port: CcxtAccount) -> None:
    """Send an order whose answer does not come."""
    with pytest.raises(OutcomeUnknown):
        port.order_place(request_of(order))
    now = timezone.now()
    order_step(
        order=order, to=OrderState.UNKNOWN, cause="no_answer", now=now, unknown_at=now
    )


def agrees(account: Account, port: CcxtAccount) -> bool:
    return balances_of(account) == {one.currency: one.total for one in port.balances()}


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "truncate", "nulls"])
def test_a_lost_answer_is_settled_with_its_executions_and_sent_once(
    account: Account, port: CcxtAccount, exchange_server: Served, kind: str
) -> None:
    order = sent(account)
    exchange_server.fault(kind, path="/api/v3/order", method="POST")
    lost(order, port)
    for price in ("40000", "39000"):
        exchange_server.price_set("BTCUSDT", price, liquidity="0.3")

    assert order_settle(order=order, port=port, now=timezone.now()).settled

    assert (order.state, Execution.objects.count()) == ("filled", 2)
    assert agrees(account, port)
    assert not compare(account, port).unexplained
    posts = exchange_server.requests("/api/v3/order")
    assert len([one for one in posts if one["method"] == "POST"]) == 1


def test_an_order_that_never_arrived_is_ended_after_the_grace_and_not_before(
    account: Account, port: CcxtAccount, exchange_server: Served
) -> None:
    order = sent(account)
    exchange_server.fault("drop_before", path="/api/v3/order", method="POST")
    lost(order, port)
    Order.objects.filter(pk=order.pk).update(sent_at=timezone.now())
    now = timezone.now()

    for seconds, state in ((0, "unknown"), (20, "unknown"), (40, "expired")):
        order_settle(order=order, port=port, now=now + timedelta(seconds=seconds))
        assert order.state == state

    assert order.error_code == "never_arrived"


def test_what_was_made_elsewhere_is_adopted_with_its_executions(
    account: Account, port: CcxtAccount, exchange_server: Served
) -> None:
    resting = OrderRequest(
        client_order_id="web_1",
        symbol="BTC/USDT",
        side=OrderSide.BUY,
        kind=OrderKind.LIMIT,
        quantity=Decimal("0.5"),
        price=Decimal(40_000),
    )
    port.order_place(resting)
    port.order_place(
        OrderRequest(
            client_order_id="web_2",
            symbol="BTC/USDT",
            side=OrderSide.SELL,
            kind=OrderKind.MARKET,
            quantity=Decimal("0.1"),
        )
    )

    row = compare(account, port)

    assert (row.adopted, row.unexplained) == (2, False)
    states = dict(Order.objects.values_list("client_order_id", "state"))
    assert states == {"web_1": "open", "web_2": "filled"}
    assert set(Order.objects.values_list("origin", flat=True)) == {
        OrderOrigin.EXTERNAL.value
    }
    assert agrees(account, port)
    exchange_server.account(deposit={"asset": "USDT", "amount": "5"})
    assert compare(account, port).unexplained

"""The paper venue as an account's port."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.account_port import OrderKind, VenueOrderState
from apps.exchanges.errors import (
    ExchangeRejected,
    VenueOrderNotFound,
)
from apps.portfolio.paper.matching import paper_step
from apps.portfolio.paper.venue import PaperVenue
from apps.portfolio.tests.paper import (
    BTC,
    BUY,
    LIMIT,
    SELL,
    Clock,
    ask,
    books_balance,
    held,
)
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    market_make,
    price_put,
)

if TYPE_CHECKING:
    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore

pytestmark = pytest.mark.django_db
D = Decimal
BOOK = {
    "bids": [("99", "0.5"), ("98", "5")],
    "asks": [("101", "0.5"), ("102", "5")],
}


@pytest.fixture
def account(live_store: LatestStore) -> Account:
    """Ten thousand USDT and ten BTC, and a market with a book."""
    market_make()
    made = account_make(maker_fee=D("0.001"), taker_fee=D("0.002"))
    deposit(made, "USDT", 10_000)
    deposit(made, "BTC", 10)
    price_put("binance", BTC, 99, 101, last=100, book=BOOK)
    return made


@pytest.fixture
def venue(account: Account) -> PaperVenue:
    """Its venue, by the clock."""
    return PaperVenue(account)


def test_a_market_order_is_filled_from_the_book_with_its_fee_from_what_is_received(
    venue: PaperVenue, account: Account
) -> None:
    order = venue.order_place(ask(BUY))
    assert order.state is VenueOrderState.FILLED
    assert order.average_price == D("101.5")
    fills = venue.fills(BTC, 0)
    assert [(one.price, one.quantity, one.fee) for one in fills] == [
        (D(101), D("0.5"), D("0.001")),
        (D(102), D("0.5"), D("0.001")),
    ]
    assert {one.order_id for one in fills} == {order.id}
    assert {one.fee_currency for one in fills} == {"BTC"}
    assert not any(one.maker for one in fills)
    assert held(account, "BTC") == (D("10.998"), 0)
    assert held(account, "USDT") == (D("9898.5"), 0)
    venue.order_place(ask(SELL))
    assert held(account, "USDT") == (D("9898.5") + D("98.5") * D("0.998"), 0)
    books_balance(account, {"USDT": D(10_000), "BTC": D(10)})


def test_a_market_order_beyond_the_book_is_filled_in_part_and_expires(
    venue: PaperVenue,
) -> None:
    order = venue.order_place(ask(SELL, quantity="9"))
    assert (order.state, order.filled) == (VenueOrderState.EXPIRED, D("5.5"))


def test_a_limit_order_holds_its_money_until_it_is_cancelled_once(
    venue: PaperVenue, account: Account
) -> None:
    request = ask(BUY, LIMIT, "2", "90")
    order = venue.order_place(request)
    assert order.state is VenueOrderState.OPEN
    assert held(account, "USDT") == (D(9820), D(180))
    assert venue.orders_open() == venue.orders_open(BTC) == (order,)
    assert venue.order_get(BTC, client_order_id=request.client_order_id) == order
    venue.order_cancel(BTC, client_order_id=request.client_order_id)
    assert held(account, "USDT") == (D(10_000), 0)
    with pytest.raises(VenueOrderNotFound, match="cancelled already"):
        venue.order_cancel(BTC, order_id=order.id)
    closed = venue.orders_closed(BTC, 0)
    assert [one.state for one in closed] == [VenueOrderState.CANCELLED]
    assert venue.orders_open() == ()


def test_a_marketable_limit_takes_and_gives_back_what_it_paid_less(
    venue: PaperVenue, account: Account
) -> None:
    order = venue.order_place(ask(BUY, LIMIT, "1", "101.5"))
    assert (order.state, order.filled) == (VenueOrderState.OPEN, D("0.5"))
    assert held(account, "USDT") == (
        D(10_000) - D("50.5") - D("50.75"),
        D("50.75"),
    )
    books_balance(account, {"USDT": D(10_000), "BTC": D(10)})


def test_a_resting_order_is_filled_as_maker_at_its_price_when_traded_through(
    account: Account,
) -> None:
    clock = Clock()
    venue = PaperVenue(account, clock)
    order = venue.order_place(ask(BUY, LIMIT, "2", "95"))
    price_put("binance", BTC, 94, 95, at=clock.on(1))
    assert paper_step(now=clock.on(0.1)).fills == 0
    thin = {"bids": [("93", "9")], "asks": [("94", "0.5"), ("94.5", "0.25")]}
    price_put("binance", BTC, 93, 94, at=clock.on(1), book=thin)
    step = paper_step(now=clock.on(0.1))
    assert (step.fills, set(step.accounts)) == (1, {account.pk})
    # The same look is not met twice, whoever looks.
    assert paper_step(now=clock.on(0.1)).fills == 0
    (fill,) = venue.fills(BTC, 0)
    assert (fill.price, fill.quantity, fill.maker) == (D(95), D("0.75"), True)
    assert fill.fee == D("0.00075")
    price_put("binance", BTC, 93, 94, at=clock.on(1))
    assert paper_step(now=clock.on(0.1), account_id=account.pk).fills == 1
    told = venue.order_get(BTC, order_id=order.id)
    assert (told.state, told.filled) == (VenueOrderState.FILLED, D(2))
    assert len(venue.fills(BTC, 0, after_id=fill.id)) == 1
    books_balance(account, {"USDT": D(10_000), "BTC": D(10)})


def test_a_venue_that_is_made_anew_goes_on_where_the_last_one_was(
    account: Account,
) -> None:
    clock = Clock()
    order = PaperVenue(account, clock).order_place(ask(SELL, LIMIT, "1", "110"))
    price_put("binance", BTC, 111, 112, at=clock.on(1))
    assert paper_step(now=clock.now).fills == 1
    again = PaperVenue(type(account).objects.get(pk=account.pk), clock)
    assert again.order_get(BTC, order_id=order.id).state is VenueOrderState.FILLED
    assert again.order_place(ask(SELL, LIMIT, "1", "120")).id == str(int(order.id) + 1)
    assert [one.id for one in again.fills(BTC, 0)] == ["1"]


def test_a_stop_wakes_by_the_last_price_and_sells_at_the_bid(account: Account) -> None:
    clock = Clock()
    venue = PaperVenue(account, clock)
    stop = ask(SELL, OrderKind.STOP, "1", stop_price=D(95))
    order = venue.order_place(stop)
    assert held(account, "BTC") == (D(9), D(1))
    price_put("binance", BTC, 90, 97, last=96, at=clock.on(1))
    assert paper_step(now=clock.now).fills == 0
    price_put("binance", BTC, 90, 97, last=95, at=clock.on(1))
    assert paper_step(now=clock.now).fills == 1
    told = venue.order_get(BTC, order_id=order.id)
    assert (told.average_price, told.stop_price) == (D(90), D(95))
    with pytest.raises(ExchangeRejected, match="met at once"):
        venue.order_place(replace(stop, client_order_id="again"))


def test_an_order_with_latency_meets_the_first_price_after_it(account: Account) -> None:
    account.latency_ms = 500
    account.save()
    clock = Clock()
    venue = PaperVenue(account, clock)
    order = venue.order_place(ask(BUY))
    assert order.state is VenueOrderState.OPEN
    assert held(account, "USDT")[1] == D("101.5")
    clock.on(0.4)
    price_put("binance", BTC, 70, 71, at=clock.now)
    assert paper_step(now=clock.on(0.2)).fills == 0
    price_put("binance", BTC, 102, 103, at=clock.on(0.1))
    assert paper_step(now=clock.now).fills == 1
    (fill,) = venue.fills(BTC, 0)
    assert fill.price == D(103)
    assert held(account, "USDT") == (D(9897), 0)


def test_an_order_that_cannot_rest_expires_when_no_price_comes(
    account: Account,
) -> None:
    account.latency_ms = 500
    account.save()
    clock = Clock()
    venue = PaperVenue(account, clock)
    order = venue.order_place(ask(BUY))
    assert not paper_step(now=clock.on(5)).accounts
    step = paper_step(now=clock.on(60))
    assert (step.fills, set(step.accounts)) == (0, {account.pk})
    told = venue.order_get(BTC, order_id=order.id)
    assert told.state is VenueOrderState.EXPIRED
    assert held(account, "USDT") == (D(10_000), 0)

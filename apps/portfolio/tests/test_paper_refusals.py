"""What the paper venue refuses, what it asks of the database, and of prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.exchanges.account_port import TimeInForce, VenueOrderState
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeRejected,
    ExchangeUnsupported,
    InsufficientFunds,
    SymbolUnknown,
)
from apps.market.models import LiveDemand
from apps.portfolio.models import PaperFill, PaperOrder
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
    price_forget,
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


def statements(found: CaptureQueriesContext) -> list[str]:
    """Return what was asked of the database, without begin and end of transactions."""
    words = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return [q["sql"] for q in found.captured_queries if not q["sql"].startswith(words)]


def test_the_same_client_order_id_is_taken_even_where_the_funds_are_gone(
    venue: PaperVenue,
) -> None:
    request = ask(BUY, LIMIT, "100", "90")
    venue.order_place(request)
    for one in (request, replace(request, quantity=D("0.1"))):
        with pytest.raises(ClientOrderIdTaken):
            venue.order_place(one)
    assert PaperOrder.objects.count() == 1


@pytest.mark.parametrize(
    "request_",
    [
        ask(BUY, LIMIT, "200", "90"),
        ask(BUY, quantity="4.5", symbol="DEAR/USDT"),
        ask(SELL, quantity="10.5"),
        ask(SELL, LIMIT, "10.5", "200"),
    ],
)
def test_an_order_beyond_what_is_free_is_refused_and_leaves_nothing(
    venue: PaperVenue, account: Account, request_: object
) -> None:
    market_make(symbol="DEAR/USDT")
    price_put("binance", "DEAR/USDT", 2399, 2400)
    with pytest.raises(InsufficientFunds, match="are free"):
        venue.order_place(request_)  # type: ignore[arg-type]
    assert not PaperOrder.objects.exists()
    assert not PaperFill.objects.exists()
    assert held(account, "USDT") == (D(10_000), 0)


def test_a_symbol_has_to_be_a_listed_spot_market(venue: PaperVenue) -> None:
    market_make(symbol="OLD/USDT", active=False, gone_at=timezone.now())
    market_make(symbol="BTC/USDT:USDT", kind="swap")
    market_make(symbol="HALT/USDT", active=False)
    for symbol, error in (
        ("BTC-USDT", SymbolUnknown),
        ("OLD/USDT", SymbolUnknown),
        ("BTC/USDT:USDT", ExchangeUnsupported),
        ("HALT/USDT", ExchangeRejected),
    ):
        with pytest.raises(error):
            venue.order_place(ask(BUY, symbol=symbol))


def test_without_a_fresh_price_nothing_is_taken_and_it_is_asked_for(
    venue: PaperVenue, account: Account
) -> None:
    price_forget("binance")
    for request in (
        ask(BUY),
        ask(BUY, LIMIT, "1", "90", time_in_force=TimeInForce.IOC),
        ask(BUY, LIMIT, "1", "90", post_only=True),
    ):
        with pytest.raises(ExchangeRejected, match="not known") as told:
            venue.order_place(request)
        assert told.value.code == "price_stale"
    assert set(LiveDemand.objects.values_list("kind", "symbol")) == {
        ("tickers", BTC),
        ("books", BTC),
    }
    clock = Clock()
    resting = PaperVenue(account, clock).order_place(ask(BUY, LIMIT, "1", "103"))
    assert resting.state is VenueOrderState.OPEN
    # It takes from the first book that it meets.
    price_put("binance", BTC, 99, 101, at=clock.on(1), book=BOOK)
    assert paper_step(now=clock.now).fills == 2
    assert not any(one.maker for one in venue.fills(BTC, 0))


def test_prices_of_open_orders_are_held_fresh(account: Account) -> None:
    clock = Clock()
    PaperVenue(account, clock).order_place(ask(BUY, LIMIT, "1", "90"))
    assert not LiveDemand.objects.exists()
    paper_step(now=clock.on(0.1))
    until = set(LiveDemand.objects.values_list("until", flat=True))
    paper_step(now=clock.on(20))
    assert set(LiveDemand.objects.values_list("until", flat=True)) == until
    paper_step(now=clock.on(20))
    assert min(LiveDemand.objects.values_list("until", flat=True)) > max(until)


def test_where_markets_were_never_read_any_pair_is_taken(
    live_store: LatestStore,
) -> None:
    account = account_make(exchange="kraken")
    deposit(account, "EUR", 100)
    price_put("kraken", "ETH/EUR", 9, "10.123456")
    order = PaperVenue(account).order_place(ask(BUY, quantity="3", symbol="ETH/EUR"))
    assert order.state is VenueOrderState.FILLED
    books_balance(account, {"EUR": D(100)})


def test_placing_asks_little_of_the_database(venue: PaperVenue) -> None:
    # The first order of an account makes its head.
    venue.order_place(ask(BUY, LIMIT, "1", "90"))
    for request, most in (
        (ask(BUY, LIMIT, "1", "90"), 6),
        (ask(BUY, quantity="1"), 9),
        (ask(BUY, LIMIT, "1", "101.5"), 9),
    ):
        with CaptureQueriesContext(connection) as found:
            venue.order_place(request)
        assert len(statements(found)) <= most, statements(found)


def test_a_step_in_which_nothing_happens_reads_and_writes_nothing_else(
    account: Account,
) -> None:
    clock = Clock()
    venue = PaperVenue(account, clock)
    for price in range(80, 90):
        venue.order_place(ask(BUY, LIMIT, "1", f"{price}"))
    paper_step(now=clock.on(1))
    with CaptureQueriesContext(connection) as found:
        paper_step(now=clock.on(1))
    assert len(found) == 2
    assert all(q["sql"].startswith("SELECT") for q in found.captured_queries)

"""Several who use one paper account at once: each thing once, and no money twice."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.exchanges.errors import ClientOrderIdTaken, InsufficientFunds
from apps.portfolio.models import PaperFill, PaperHead, PaperOrder
from apps.portfolio.paper.matching import paper_step
from apps.portfolio.paper.venue import PaperVenue
from apps.portfolio.tests.paper import BTC, BUY, LIMIT, Clock, ask, books_balance
from apps.portfolio.tests.test_ledger_twins import WRITERS, in_threads
from apps.portfolio.tests.world import account_make, deposit, market_make, price_put

if TYPE_CHECKING:
    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
EACH = 6


@pytest.fixture
def account(live_store: LatestStore) -> Account:
    """A thousand USDT and a price."""
    market_make()
    made = account_make()
    deposit(made, "USDT", 1000)
    price_put("binance", BTC, 99, 101)
    return made


def test_two_who_match_the_same_prices_fill_once(account: Account) -> None:
    clock = Clock()
    venue = PaperVenue(account, clock)
    for number in range(EACH):
        venue.order_place(ask(BUY, LIMIT, "1", f"{90 + number}"))
    thin = {"bids": [("79", "1")], "asks": [("80", "2.5")]}
    price_put("binance", BTC, 79, 80, at=clock.on(1), book=thin)
    made: list[int] = []
    in_threads(lambda _: made.append(paper_step(now=clock.now).fills))
    # What is offered goes round once, to who came first.
    assert sum(made) == PaperFill.objects.count() == 3
    assert PaperOrder.objects.filter(state="filled").count() == 2
    books_balance(account, {"USDT": D(1000)})


def test_of_orders_at_once_each_name_is_taken_once_and_no_money_is_spent_twice(
    account: Account,
) -> None:
    refused: list[Exception] = []

    def trade(writer: int) -> None:
        venue = PaperVenue(account)
        for number in range(EACH):
            mine = ask(BUY, LIMIT, "1", "99", client_order_id=f"{writer}-{number}")
            shared = ask(BUY, quantity="0.1", client_order_id=f"all-{number}")
            for request in (mine, shared):
                try:
                    venue.order_place(request)
                except (ClientOrderIdTaken, InsufficientFunds) as error:
                    refused.append(error)

    in_threads(trade)
    taken = [one for one in refused if isinstance(one, ClientOrderIdTaken)]
    assert len(taken) == EACH * (WRITERS - 1)
    orders = PaperOrder.objects.order_by("number")
    numbers = list(orders.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert PaperHead.objects.get().last_order == len(numbers)
    assert len(numbers) + len(refused) == 2 * EACH * WRITERS
    books_balance(account, {"USDT": D(1000)})

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.market.models import LiveDemand
from apps.portfolio.selectors.holdings import allocation_of, positions_valued
from apps.portfolio.selectors.rates import rates_of
from apps.portfolio.selectors.valuation import valuation
from apps.portfolio.services.posting import fill_post
from apps.portfolio.services.valuation import account_valuation, rates_want
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    market_make,
    price_put,
    user_make,
)

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.test import APIClient

    from apps.portfolio.selectors.rates import Rate
    from apps.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("live_store")]


def told(*values: object) -> tuple[object, ...]:
    """Return values of any kinds, to be compared."""
    return values


def rate_of(currency: str, into: str, now: datetime) -> Rate | None:
    rates = rates_of(exchange="binance", currencies=[currency], into=into, now=now)
    return rates.get(currency)


def rate(currency: str, into: str) -> Decimal | None:
    found = rate_of(currency, into, timezone.now())
    return None if found is None else found.price


def test_a_currency_is_valued_at_the_middle_of_its_own_market() -> None:
    price_put("binance", "BTC/USDT", 99, 103, last=200)
    assert rate("BTC", "USDT") == 101
    assert rate("BTC", "BTC") == 1


def test_a_market_the_other_way_round_is_turned() -> None:
    price_put("binance", "BTC/USDT", 40_000, 40_000)
    assert rate("USDT", "BTC") == Decimal("0.000025")


def test_two_markets_over_a_bridge_are_multiplied() -> None:
    price_put("binance", "DOGE/BTC", "0.000002", "0.000002")
    price_put("binance", "BTC/EUR", 50_000, 50_000)
    assert rate("DOGE", "EUR") == Decimal("0.1")
    assert rate("XRP", "EUR") is None


def test_a_stable_coin_is_worth_what_its_market_says() -> None:
    account = account_make(currency="USD")
    deposit(account, "USDT", 1000)
    price_put("binance", "USDT/USD", "0.91", "0.91")
    assert valuation(account=account, now=timezone.now()).total == 910


def test_fresh_prices_over_a_bridge_are_taken_before_a_stale_market() -> None:
    now = timezone.now()
    price_put("binance", "ETH/EUR", 1, 1, at=now - timedelta(hours=1))
    price_put("binance", "ETH/USDT", 3000, 3000)
    price_put("binance", "EUR/USDT", "1.2", "1.2")
    found = rate_of("ETH", "EUR", now)
    assert found is not None
    assert told(found.price, found.stale) == (2500, False)


def test_the_age_of_a_rate_is_that_of_its_oldest_ticker() -> None:
    now = timezone.now()
    price_put("binance", "ADA/USDT", 1, 1, at=now - timedelta(seconds=3))
    price_put("binance", "EUR/USDT", 1, 1, at=now - timedelta(seconds=40))
    found = rate_of("ADA", "EUR", now)
    assert found is not None
    assert found.stale
    assert found.age_seconds == pytest.approx(40, abs=0.1)
    assert found.markets == ("ADA/USDT", "EUR/USDT")


def test_a_missing_price_is_named_and_never_counted_as_nothing() -> None:
    account = account_make()
    market_make(symbol="BTC/USDT")
    deposit(account, "USDT", 50)
    deposit(account, "BTC", 2)
    worth = valuation(account=account, now=timezone.now())
    assert worth.total is None
    assert told(worth.known, worth.missing, worth.stale) == (50, ("BTC",), True)
    assert [one.value for one in worth.items] == [None, 50]


def test_what_has_no_market_at_all_is_named_and_left_out() -> None:
    account = account_make()
    market_make(symbol="BTC/USDT")
    deposit(account, "USDT", 50)
    deposit(account, "AIRDROP", 1000)
    worth = valuation(account=account, now=timezone.now())
    assert told(worth.total, worth.missing, worth.unlisted) == (50, (), ("AIRDROP",))
    assert not worth.stale


def test_a_worth_that_no_amount_can_hold_is_missing_and_no_error() -> None:
    account = account_make()
    deposit(account, "BTC", 10**17)
    price_put("binance", "BTC/USDT", 100_000, 100_000)
    assert valuation(account=account, now=timezone.now()).missing == ("BTC",)


def test_only_listed_markets_on_the_way_are_held_fresh() -> None:
    account = account_make(currency="EUR")
    for symbol in ("ADA/BTC", "BTC/EUR", "ADA/XRP", "XRP/EUR"):
        market_make(symbol=symbol)
    now = timezone.now()
    wanted = rates_want(account=account, currencies=["ADA", "EUR"], into="EUR", now=now)
    assert wanted == ("ADA/BTC", "BTC/EUR")
    assert set(LiveDemand.objects.values_list("symbol", flat=True)) == set(wanted)


def test_shares_are_of_what_has_a_price() -> None:
    account = account_make()
    market_make(symbol="ETH/USDT")
    deposit(account, "USDT", 100)
    deposit(account, "BTC", "0.003")
    deposit(account, "ETH", 1)
    price_put("binance", "BTC/USDT", 100_000, 100_000)
    now = timezone.now()
    worth = account_valuation(account=account, now=now)
    spread = allocation_of([worth, worth], "USDT")
    assert [(one.currency, one.share) for one in spread.items] == [
        ("BTC", Decimal("0.75")),
        ("USDT", Decimal("0.25")),
        ("ETH", None),
    ]
    assert told(spread.total, spread.known) == (None, 800)


def test_open_positions_are_valued_by_both_methods() -> None:
    account = account_make()
    now = timezone.now()
    deposit(account, "USDT", 10_000)
    for number, (side, quantity, price) in enumerate(
        (("buy", 2, 100), ("buy", 2, 200), ("sell", 1, 300))
    ):
        fill_post(
            account=account,
            cause_id=f"x{number}",
            symbol="SOL/USDT",
            base="SOL",
            quote="USDT",
            side=side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            fee=Decimal(0),
            fee_currency="USDT",
            at=now,
            now=now,
        )
    price_put("binance", "SOL/USDT", 250, 250)
    (one,) = positions_valued(account=account, now=now)
    # Average: 3 at 150. First in first out: 1 at 100 and 2 at 200 are left.
    assert told(one.average_price, one.value) == (150, 750)
    assert told(one.unrealised_average, one.unrealised_fifo) == (300, 250)
    # Realised and unrealised together are the same money either way.
    realised = told(one.position.realised_average, one.position.realised_fifo)
    assert realised == (150, 200)


def test_a_valuation_is_the_owners_alone(client: APIClient, actor: User) -> None:
    mine, other = account_make(actor), account_make(user_make())
    deposit(mine, "USDT", "12.50")
    pages = ("valuation", "allocation", "equity", "performance", "positions/valued")
    for page in pages:
        assert client.get(f"/api/v1/accounts/{mine.pk}/{page}/").status_code == 200
        assert client.get(f"/api/v1/accounts/{other.pk}/{page}/").status_code == 404
    worth = client.get(f"/api/v1/accounts/{mine.pk}/valuation/").json()
    assert (worth["total"], worth["currency"], worth["missing"]) == ("12.5", "USDT", [])
    spread = client.get("/api/v1/portfolio/allocation/?currency=USDT").json()
    assert [(one["currency"], one["share"]) for one in spread["items"]] == [
        ("USDT", "1")
    ]
    bad = client.get(f"/api/v1/accounts/{mine.pk}/valuation/?currency=a b")
    assert bad.status_code == 400

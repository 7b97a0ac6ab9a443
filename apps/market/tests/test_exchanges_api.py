"""Exchanges: which there are, what they can do, and what they list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.core.tests.answers import error_of
from apps.exchanges.contracts import MarketKind
from apps.exchanges.errors import ExchangeUnavailable
from apps.jobs.models import Job
from apps.jobs.schedules import schedulable_payload
from apps.market.errors.venues import MarketsLost
from apps.market.models import VenueList, VenueMarket
from apps.market.services.venues import markets_refresh
from apps.market.tests.test_api import Context
from apps.market.tests.venues import FakeVenue, market
from apps.market.venue_tasks import run_markets_refresh

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings
    from rest_framework.test import APIClient

    from apps.users.models import User

pytestmark = pytest.mark.django_db
URL = "/api/v1/exchanges/"
MARKETS = f"{URL}binance/markets/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    fake = FakeVenue()
    fake.listed["binance"] = [
        market("BTC/USDT"),
        market("ETH/USDT"),
        market("ETH/BTC", active=False),
        market("BTC/USDT:USDT", listed_ns=1_568_102_400_000_000_000),
    ]
    monkeypatch.setattr("apps.market.services.venues.market_data", fake)
    return fake


def read(at: datetime = NOW, **options: Any) -> Any:
    return markets_refresh(exchange="binance", now=at, **options)


def symbols(client: APIClient, query: str = "") -> list[str]:
    answer = client.get(f"{MARKETS}{query}")
    assert answer.status_code == 200, answer.json()
    return [one["symbol"] for one in answer.json()["results"]]


# --- which there are


def test_every_exchange_is_listed_with_what_it_can_do(client: APIClient) -> None:
    found = {one["id"]: one for one in client.get(URL).json()}
    assert len(found) > 90
    binance = found["binance"]
    assert binance["name"] == "Binance"
    assert binance["adapter"] == "ccxt"
    assert binance["adapter_version"]
    assert (binance["available"], binance["reason"]) == (True, "")
    assert "1h" in binance["timeframes"]
    assert binance["capabilities"]["stream_tickers"] is True
    assert binance["_links"]["status"] == f"{URL}binance/status/"
    simulated = found["simulated"]
    assert (simulated["adapter"], simulated["adapter_version"]) == ("simulated", None)


def test_exchanges_are_found_by_name_and_by_what_they_can(client: APIClient) -> None:
    ids = [one["id"] for one in client.get(f"{URL}?search=BINANCE").json()]
    assert ids == ["binance", "binancecoinm", "binanceus", "binanceusdm"]
    able = client.get(f"{URL}?can=candles,stream_tickers&timeframe=1h").json()
    assert 10 < len(able) < len(client.get(URL).json())
    assert all(one["capabilities"]["stream_tickers"] for one in able)
    wrong = error_of(client.get(f"{URL}?can=fly"), 400)
    assert (wrong.code, wrong.attr) == ("invalid_choice", "can")


def test_an_exchange_that_may_not_be_asked_says_why(
    client: APIClient, settings: Settings
) -> None:
    settings.EXCHANGES_ALLOWED = ("kraken",)
    found = client.get(f"{URL}binance/").json()
    assert found["available"] is False
    assert "EXCHANGES_ALLOWED" in found["reason"]
    ids = [one["id"] for one in client.get(f"{URL}?available=true").json()]
    assert ids == ["kraken", "simulated"]
    refused = error_of(client.post(f"{MARKETS}refresh/"), 404)
    assert refused.code == "exchange_unknown"


@pytest.mark.parametrize("path", ["", "markets/", "markets/refresh/"])
def test_an_unknown_exchange_is_not_found_and_near_ones_are_offered(
    client: APIClient, path: str
) -> None:
    method = client.post if path.endswith("refresh/") else client.get
    error = error_of(method(f"{URL}binanze/{path}"), 404)
    assert (error.code, error.attr) == ("exchange_unknown", "exchange")
    assert "binance" in error.detail


# --- what they list


def test_markets_that_were_never_read_are_said_to_be(client: APIClient) -> None:
    error = error_of(client.get(MARKETS), 409)
    assert error.code == "markets_not_read"
    assert f"POST {MARKETS}refresh/" in error.detail


def test_a_refresh_is_a_job_that_stores_what_the_exchange_lists(
    client: APIClient, venue: FakeVenue
) -> None:
    answer = client.post(f"{MARKETS}refresh/")
    job = Job.objects.get()
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/jobs/{job.pk}/"
    assert venue.asked == []
    result = run_markets_refresh(Context(job))
    assert result == {
        "exchange": "binance",
        "markets": 4,
        "new": 4,
        "changed": 0,
        "gone": 0,
        "left_out": 0,
    }
    body = client.get(MARKETS).json()
    assert (body["markets"], body["next"]) == (4, None)
    assert 0 <= body["age_seconds"] < 60
    swap = body["results"][1]
    assert swap == {
        "symbol": "BTC/USDT:USDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "kind": "swap",
        "active": True,
        "price_tick": "0.01",
        "quantity_step": "0.00001",
        "min_quantity": "0.00001",
        "min_notional": "5",
        "maker_fee": "0.001",
        "taker_fee": "0.001",
        "listed_at": "2019-09-10T08:00:00.000000Z",
        "seen_at": body["read_at"],
        "gone_at": None,
    }


def test_a_second_refresh_joins_the_one_that_is_still_to_come(
    client: APIClient, venue: FakeVenue
) -> None:
    first = client.post(f"{MARKETS}refresh/").json()["id"]
    assert client.post(f"{MARKETS}refresh/").json()["id"] == first
    other = client.post(f"{MARKETS}refresh/", {"accept_loss": True}).json()["id"]
    assert other != first
    assert Job.objects.count() == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?base=eth", ["ETH/BTC", "ETH/USDT"]),
        ("?quote=USDT&kind=spot", ["BTC/USDT", "ETH/USDT"]),
        ("?kind=swap", ["BTC/USDT:USDT"]),
        ("?active=false", ["ETH/BTC"]),
        ("?search=th/", ["ETH/BTC", "ETH/USDT"]),
        ("?search=btcusdt", ["BTC/USDT", "BTC/USDT:USDT"]),
        ("?search=nothing", []),
        ("?gone=true", []),
        ("?min_notional_max=4", []),
    ],
)
def test_markets_are_filtered(
    client: APIClient, venue: FakeVenue, query: str, found: list[str]
) -> None:
    read()
    assert symbols(client, query) == found


def test_a_filter_that_cannot_be_is_refused(
    client: APIClient, venue: FakeVenue
) -> None:
    read()
    assert error_of(client.get(f"{MARKETS}?kind=stock"), 400).attr == "kind"


def test_markets_come_in_pages_by_symbol(
    client: APIClient,
    venue: FakeVenue,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    venue.listed["binance"] = [market(f"C{number:04}/USDT") for number in range(450)]
    read()
    found: list[str] = []
    url = f"{MARKETS}?limit=200"
    while url:
        with django_assert_num_queries(2):
            page = client.get(url).json()
        found += [one["symbol"] for one in page["results"]]
        url = page["next"]
    assert found == [f"C{number:04}/USDT" for number in range(450)]


def test_what_changes_and_goes_and_comes_back_is_told(
    client: APIClient, venue: FakeVenue
) -> None:
    read()
    venue.listed["binance"] = [
        market("BTC/USDT", price_tick=Decimal("0.1")),
        market("ETH/USDT"),
        market("SOL/USDT"),
        market("BTC/USDT:USDT", listed_ns=1_568_102_400_000_000_000),
    ]
    later = NOW + timedelta(hours=1)
    stored = read(later)
    assert (stored.new, stored.changed, stored.gone) == (1, 1, 1)
    gone = VenueMarket.objects.get(symbol="ETH/BTC")
    assert (gone.active, gone.gone_at, gone.seen_at) == (False, later, NOW)
    assert symbols(client, "?gone=true") == ["ETH/BTC"]
    assert "ETH/BTC" not in symbols(client, "?gone=false")
    venue.listed["binance"].append(market("ETH/BTC"))
    back = read(NOW + timedelta(hours=2))
    assert (back.new, back.changed, back.gone) == (0, 1, 0)
    again = VenueMarket.objects.get(symbol="ETH/BTC")
    assert (again.active, again.gone_at) == (True, None)


def test_the_same_list_once_more_changes_nothing(venue: FakeVenue) -> None:
    tiny = Decimal("1E-18")
    venue.listed["binance"].append(
        market("PEPE/USDT", price_tick=tiny, min_notional=Decimal("0.1234567890123"))
    )
    read()
    assert VenueMarket.objects.get(symbol="PEPE/USDT").price_tick == tiny
    stored = read(NOW + timedelta(hours=1))
    assert (stored.new, stored.changed, stored.gone) == (0, 0, 0)


def test_an_answer_that_was_asked_for_earlier_changes_nothing(venue: FakeVenue) -> None:
    read()
    venue.listed["binance"] = [market("SOL/USDT")]
    read(NOW - timedelta(seconds=5), accept_loss=True)
    assert VenueMarket.objects.filter(gone_at__isnull=True).count() == 4
    assert VenueList.objects.get().read_at == NOW


def test_a_list_that_lost_more_than_half_is_not_believed_unless_told_to(
    venue: FakeVenue,
) -> None:
    read()
    venue.listed["binance"] = [market("BTC/USDT")]
    with pytest.raises(MarketsLost, match="accept_loss"):
        read(NOW + timedelta(hours=1))
    assert VenueMarket.objects.filter(gone_at__isnull=True).count() == 4
    assert read(NOW + timedelta(hours=1), accept_loss=True).gone == 3


def test_an_exchange_that_does_not_answer_changes_nothing(venue: FakeVenue) -> None:
    read()
    venue.fails["binance"] = ExchangeUnavailable("binance is being mended")
    with pytest.raises(ExchangeUnavailable):
        read(NOW + timedelta(hours=1))
    assert VenueList.objects.get().read_at == NOW


def test_names_that_are_too_long_and_amounts_that_cannot_be_kept_do_no_harm(
    venue: FakeVenue,
) -> None:
    venue.listed["binance"] += [
        market(f"{'X' * 65}/USDT"),
        market("FINE/USDT", price_tick=Decimal("1E-19"), maker_fee=Decimal("NaN")),
        market("BTC/USDT:USDT-301231", kind=MarketKind.FUTURE),
    ]
    stored = read()
    assert (stored.markets, stored.left_out) == (6, 1)
    fine = VenueMarket.objects.get(symbol="FINE/USDT")
    assert (fine.price_tick, fine.maker_fee) == (None, None)


def test_a_refresh_can_be_put_on_a_schedule(actor: User) -> None:
    payload = schedulable_payload(
        actor=actor, kind="markets.refresh", payload={"exchange": "binance"}
    )
    assert payload == {"exchange": "binance", "accept_loss": False}


def test_thousands_of_markets_are_stored_with_few_queries(
    venue: FakeVenue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    venue.listed["binance"] = [market(f"C{number:04}/USDT") for number in range(4_000)]
    with django_assert_max_num_queries(30):
        read()
    venue.listed["binance"] = [
        market(f"C{number:04}/USDT", maker_fee=Decimal("0.0009"))
        for number in range(100, 4_000)
    ]
    with django_assert_max_num_queries(30):
        stored = read(NOW + timedelta(hours=1))
    assert (stored.changed, stored.gone) == (3_900, 100)

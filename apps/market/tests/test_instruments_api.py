"""Instruments: found by what they are, and kept to what their venues say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.core.tests.answers import error_of
from apps.exchanges.errors import ExchangeUnavailable
from apps.jobs.models import Job
from apps.jobs.schedules import schedulable_payload
from apps.market.errors.venues import InstrumentsNotRefreshed
from apps.market.services.venue_rules import instruments_refresh
from apps.market.services.venues import markets_refresh
from apps.market.tests.factories import instrument_make, series_make, user_make
from apps.market.tests.test_api import Context
from apps.market.tests.venues import FakeVenue, market
from apps.market.venue_tasks import run_instruments_refresh

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.market.models import Instrument
    from apps.users.models import User

pytestmark = pytest.mark.django_db
URL = "/api/v1/instruments/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    fake = FakeVenue()
    fake.listed["binance"] = [
        market("BTC/USDT", price_tick=Decimal("0.001"), min_notional=Decimal(5)),
        market("ETH/USDT", maker_fee=Decimal("0.0002")),
        market("LUNA/USDT"),
    ]
    monkeypatch.setattr("apps.market.services.venues.market_data", fake)
    return fake


def make(owner: User, symbol: str = "BTC/USDT", **fields: Any) -> Instrument:
    return instrument_make(owner=owner, symbol=symbol, **fields)


def refresh(actor: User, venue: str | None = None, *, at: datetime = NOW) -> Any:
    return instruments_refresh(actor=actor, venue=venue, now=at)


def found(client: APIClient, query: str) -> list[str]:
    answer = client.get(f"{URL}{query}")
    assert answer.status_code == 200, answer.json()
    return sorted(one["symbol"] for one in answer.json()["results"])


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("", ["BTC/USDT", "BTC/USDT:USDT", "ETH/EUR"]),
        ("?venue=Kraken", ["ETH/EUR"]),
        ("?base=btc", ["BTC/USDT", "BTC/USDT:USDT"]),
        ("?quote=EUR", ["ETH/EUR"]),
        ("?search=th/", ["ETH/EUR"]),
        ("?kind=contract", ["BTC/USDT:USDT"]),
        ("?kind=spot", ["BTC/USDT", "ETH/EUR"]),
        ("?rules_source=given", ["ETH/EUR"]),
        ("?active=false", ["BTC/USDT:USDT"]),
        ("?has_series=true", ["BTC/USDT"]),
        ("?has_series=false&base=BTC", ["BTC/USDT:USDT"]),
    ],
)
def test_instruments_are_found_by_what_they_are(
    client: APIClient, actor: User, query: str, symbols: list[str]
) -> None:
    series_make(instrument=make(actor))
    make(actor, "BTC/USDT:USDT", active=False)
    make(actor, "ETH/EUR", venue="kraken", rules_source="given", quote="EUR")
    make(user_make(), "ADA/USDT")
    assert found(client, query) == symbols


def test_a_filter_that_cannot_be_is_refused(client: APIClient) -> None:
    wrong = error_of(client.get(f"{URL}?rules_source=guessed"), 400)
    assert wrong.attr == "rules_source"


def test_a_refresh_takes_over_what_the_venue_says(
    client: APIClient, actor: User, venue: FakeVenue
) -> None:
    instrument = make(actor)
    answer = client.post(f"{URL}refresh/")
    assert answer.status_code == 202
    result = run_instruments_refresh(Context(Job.objects.get()))
    assert result["updated"] == 1
    told = client.get(f"{URL}{instrument.pk}/").json()
    assert told["rules_source"] == "venue"
    assert (told["price_tick"], told["quantity_step"]) == ("0.001", "0.00001")
    assert (told["min_notional"], told["taker_fee"]) == ("5", "0.001")
    assert (told["active"], told["delisted_at"]) == (True, None)
    assert told["rules_at"] is not None


def test_what_a_person_stated_stays_and_fees_are_told_beside_it(
    actor: User, venue: FakeVenue
) -> None:
    instrument = make(actor, "ETH/USDT", rules_source="given")
    assert refresh(actor).stated == 1
    instrument.refresh_from_db()
    assert (instrument.rules_source, instrument.price_tick) == (
        "given",
        Decimal("0.01"),
    )
    assert instrument.maker_fee == Decimal("0.0002")


def test_a_tick_that_is_too_coarse_for_stored_prices_is_not_taken_over(
    actor: User, venue: FakeVenue
) -> None:
    instrument = make(actor, "ETH/USDT", price_tick=Decimal("0.0001"))
    series_make(instrument=instrument, price_decimals=4)
    assert refresh(actor).kept == 1
    instrument.refresh_from_db()
    assert instrument.price_tick == Decimal("0.0001")
    assert instrument.rules_source == "inferred"


def test_a_delisted_instrument_is_flagged_and_a_relisted_one_is_not(
    actor: User, venue: FakeVenue
) -> None:
    luna, never = make(actor, "LUNA/USDT"), make(actor, "NEVER/USDT")
    assert refresh(actor).not_listed == 1
    never.refresh_from_db()
    assert (never.active, never.delisted_at) == (False, None)
    listed = venue.listed["binance"].pop()
    later = NOW + timedelta(hours=1)
    assert refresh(actor, at=later).not_listed == 2
    luna.refresh_from_db()
    assert (luna.active, luna.delisted_at) == (False, later)
    venue.listed["binance"].append(listed)
    refresh(actor, at=NOW + timedelta(hours=2))
    luna.refresh_from_db()
    assert (luna.active, luna.delisted_at) == (True, None)


def test_a_halted_market_is_not_active_but_not_delisted(
    actor: User, venue: FakeVenue
) -> None:
    venue.listed["binance"].append(market("HALT/USDT", active=False))
    halted = make(actor, "HALT/USDT")
    refresh(actor)
    halted.refresh_from_db()
    assert (halted.active, halted.delisted_at) == (False, None)


def test_a_list_that_was_just_read_is_not_asked_for_again(
    actor: User, venue: FakeVenue
) -> None:
    make(actor)
    markets_refresh(exchange="binance", now=NOW)
    refresh(actor, at=NOW + timedelta(minutes=5))
    assert venue.asked == ["binance"]
    refresh(actor, at=NOW + timedelta(minutes=11))
    assert venue.asked == ["binance", "binance"]


def test_one_venue_that_fails_does_not_keep_the_others_from_being_asked(
    actor: User, venue: FakeVenue
) -> None:
    make(actor)
    make(actor, "ETH/EUR", venue="kraken")
    make(actor, "ETH/USDT", venue="my-own-file")
    venue.fails["kraken"] = ExchangeUnavailable("kraken is being mended")
    told = refresh(actor)
    assert (told.updated, told.unknown) == (1, ["my-own-file"])
    assert told.failed == {"kraken": "exchange_unavailable: kraken is being mended"}
    with pytest.raises(InstrumentsNotRefreshed, match="mended"):
        refresh(actor, "kraken")


def test_the_instruments_of_others_stay_as_they_are(
    actor: User, venue: FakeVenue
) -> None:
    make(actor)
    other = make(user_make())
    refresh(actor)
    other.refresh_from_db()
    assert (other.rules_source, other.rules_at) == ("inferred", None)


def test_a_venue_that_is_no_name_is_refused(client: APIClient) -> None:
    error = error_of(client.post(f"{URL}refresh/", {"venue": "no name"}), 400)
    assert (error.code, error.attr) == ("venue_invalid", "venue")


def test_a_second_refresh_joins_the_one_that_is_still_to_come(
    client: APIClient,
) -> None:
    first = client.post(f"{URL}refresh/", {"venue": "binance"}).json()["id"]
    assert client.post(f"{URL}refresh/", {"venue": "Binance"}).json()["id"] == first
    assert client.post(f"{URL}refresh/").json()["id"] != first


def test_a_refresh_can_be_put_on_a_schedule(actor: User) -> None:
    payload = schedulable_payload(actor=actor, kind="instruments.refresh", payload={})
    assert payload == {"venue": None}

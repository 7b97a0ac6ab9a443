"""Accounts over the API: made, read, changed and closed by their owner alone."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from apps.core.tests.answers import client_of
from apps.market.models import CandleSeries, Instrument
from apps.portfolio.models import Account, PaperOrder
from apps.portfolio.services import accounts as service
from apps.portfolio.tests.world import account_make, market_make, user_make

if TYPE_CHECKING:
    from pytest_django import Settings
    from rest_framework.test import APIClient

    from apps.users.models import User

ACCOUNTS = "/api/v1/accounts/"
PAPER = {
    "name": "Main",
    "mode": "paper",
    "exchange": "binance",
    "currency": "USDT",
}
LIVE = PAPER | {"name": "Real", "mode": "live"}
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def series_make(owner: User, venue: str = "kraken") -> CandleSeries:
    grid = dict.fromkeys(
        ("price_tick", "quantity_step", "min_quantity", "min_notional"), 1
    )
    instrument = Instrument.objects.create(
        owner=owner,
        venue=venue,
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        rules_source="given",
        **grid,
    )
    return CandleSeries.objects.create(
        owner=owner,
        instrument=instrument,
        timeframe="1h",
        first=FIRST,
        last=LAST,
        rows=10,
        gaps=0,
        price_decimals=2,
        sha256="0" * 64,
        path=f"candles/{uuid.uuid4()}",
        revision=1,
        source_name="a",
        source_format="csv",
        time_unit="ms",
        quality={},
    )


def code_of(answer: Any) -> tuple[int, str, str | None]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error["attr"]


def test_a_paper_account_is_made_with_the_usual_fees_and_read_back(
    client: APIClient,
) -> None:
    answer = client.post(ACCOUNTS, PAPER)
    made = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == made["_links"]["self"] == f"{ACCOUNTS}{made['id']}/"
    assert (made["maker_fee"], made["taker_fee"]) == ("0.001", "0.001")
    assert (made["price_source"], made["replay_speed"]) == ("live", 1.0)
    assert made["_links"]["credentials"] is made["_links"]["preflight"] is None
    assert client.get(answer["Location"]).json() == made
    assert [one["id"] for one in client.get(ACCOUNTS).json()["results"]] == [made["id"]]


def test_a_live_account_has_links_to_its_keys_and_nothing_of_paper(
    client: APIClient,
) -> None:
    made = client.post(ACCOUNTS, LIVE).json()
    assert made["_links"]["credentials"] == f"{ACCOUNTS}{made['id']}/credentials/"
    assert (made["maker_fee"], made["latency_ms"]) == ("0", 0)
    more = {"name": "Other", "taker_fee": "0.001"}
    assert code_of(client.post(ACCOUNTS, LIVE | more)) == (
        400,
        "account_fields_invalid",
        "taker_fee",
    )
    changed = client.patch(made["_links"]["self"], {"maker_fee": "0"})
    assert code_of(changed) == (400, "account_fields_invalid", "maker_fee")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exchange": "binanse"}, (404, "exchange_unknown", "exchange")),
        ({"exchange": "kraken"}, (404, "exchange_unknown", "exchange")),
        ({"currency": "usdt"}, (400, "account_fields_invalid", "currency")),
        ({"maker_fee": "1"}, (400, "max_value", "maker_fee")),
        ({"taker_fee": "-0.1"}, (400, "min_value", "taker_fee")),
        ({"latency_ms": -1}, (400, "min_value", "latency_ms")),
        ({"replay_speed": 0}, (400, "min_value", "replay_speed")),
        ({"price_source": "candles"}, (400, "account_fields_invalid", "series_id")),
        (
            {"series_id": str(uuid.UUID(int=5))},
            (400, "account_fields_invalid", "series_id"),
        ),
        (
            {"series_id": str(uuid.UUID(int=5)), "price_source": "candles"},
            (404, "series_not_found", None),
        ),
        (
            {"mode": "live", "exchange": "simulated"},
            (422, "account_exchange_unsuited", "exchange"),
        ),
        ({"colour": "red"}, (400, "invalid", "colour")),
    ],
)
def test_an_account_that_could_not_work_is_refused_with_what_is_wrong(
    client: APIClient,
    settings: Settings,
    changes: dict[str, Any],
    told: tuple[int, str, str | None],
) -> None:
    settings.EXCHANGES_ALLOWED = ("binance",)
    assert code_of(client.post(ACCOUNTS, PAPER | changes)) == told
    assert Account.objects.count() == 0


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_what_no_market_of_the_exchange_leads_to_is_nothing_to_value_in(
    client: APIClient, mode: str
) -> None:
    market_make(symbol="BTC/USDT")
    market_make(symbol="ETH/BTC")
    # Neither futures nor a market that is gone tells what anything is worth.
    market_make(symbol="ETH/ABC", kind="swap")
    market_make(symbol="ETH/ABCD", active=False, gone_at=timezone.now())
    body = PAPER | {"mode": mode}
    for currency in ("ABC", "ABCD", "USD"):
        answer = client.post(ACCOUNTS, body | {"currency": currency})
        assert code_of(answer) == (400, "account_fields_invalid", "currency")
        detail = answer.json()["errors"][0]["detail"]
        assert f"binance trades '{currency}'" in detail
        assert "USDT" in detail
    assert Account.objects.count() == 0
    for currency in ("USDT", "BTC", "ETH"):
        made = client.post(ACCOUNTS, body | {"currency": currency, "name": currency})
        assert made.status_code == 201


def test_where_markets_were_never_read_any_currency_is_taken(
    client: APIClient,
) -> None:
    market_make(exchange="kraken", symbol="BTC/USD")
    assert client.post(ACCOUNTS, PAPER | {"currency": "ABC"}).status_code == 201


def test_a_replay_is_valued_in_what_its_one_market_trades(
    client: APIClient, actor: User
) -> None:
    # The exchange lists it; but the replay has no price of it.
    market_make(exchange="kraken", symbol="BTC/EUR")
    body = PAPER | {
        "exchange": "kraken",
        "price_source": "candles",
        "series_id": str(series_make(actor).pk),
    }
    refused = client.post(ACCOUNTS, body | {"currency": "EUR"})
    assert code_of(refused) == (400, "account_fields_invalid", "currency")
    assert "USDT" in refused.json()["errors"][0]["detail"]
    assert client.post(ACCOUNTS, body).status_code == 201


def test_a_replay_is_of_ones_own_series_its_venue_and_its_range(
    client: APIClient, actor: User, settings: Settings
) -> None:
    # Its prices come from a file: nothing has to be asked, so it need not be allowed.
    settings.EXCHANGES_ALLOWED = ("binance",)
    mine, theirs = series_make(actor), series_make(user_make())
    body = PAPER | {"price_source": "candles", "exchange": "kraken"}
    wrong = client.post(ACCOUNTS, body | {"series_id": str(theirs.pk)})
    assert code_of(wrong)[:2] == (404, "series_not_found")
    ours = body | {"series_id": str(mine.pk)}
    wrong = client.post(ACCOUNTS, ours | {"exchange": "binance"})
    assert code_of(wrong) == (400, "account_fields_invalid", "exchange")
    wrong = client.post(ACCOUNTS, ours | {"replay_from": "2025-12-31T00:00:00Z"})
    assert code_of(wrong) == (400, "account_fields_invalid", "replay_from")
    made = client.post(ACCOUNTS, ours | {"replay_speed": 3600}).json()
    assert made["replay_from"] == "2026-01-01T00:00:00.000000Z"
    assert made["series_id"] == str(mine.pk)


def test_the_same_key_makes_one_account(client: APIClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (client.post(ACCOUNTS, PAPER, headers=headers) for _ in range(2))
    assert first.content == second.content
    assert second["Idempotent-Replayed"] == "true"
    assert Account.objects.count() == 1


def test_a_name_is_given_once_for_each_person(client: APIClient, actor: User) -> None:
    account_make(actor, name="Main")
    other = account_make(actor, name="Other")
    assert code_of(client.post(ACCOUNTS, PAPER)) == (409, "account_name_taken", "name")
    taken = client.patch(f"{ACCOUNTS}{other.pk}/", {"name": "Main"})
    assert code_of(taken) == (409, "account_name_taken", "name")
    assert client.patch(f"{ACCOUNTS}{other.pk}/", {"name": "Other"}).status_code == 200
    assert client_of(user_make()).post(ACCOUNTS, PAPER).status_code == 201
    with pytest.raises(IntegrityError), transaction.atomic():
        account_make(actor, name="Main")


def test_costs_of_a_paper_account_change_and_nothing_else_does(
    client: APIClient, actor: User
) -> None:
    where = f"{ACCOUNTS}{account_make(actor).pk}/"
    body = {"maker_fee": "0.0002", "taker_fee": "0.0004", "latency_ms": 25}
    changed = client.patch(where, body).json()
    assert {name: changed[name] for name in body} == body
    for field in ("mode", "exchange", "currency", "series_id", "owner"):
        assert client.patch(where, {field: "live"}).status_code == 400


def test_there_are_so_many_open_accounts_and_no_more(
    client: APIClient, actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_ACCOUNTS", 2)
    first, _ = account_make(actor), account_make(actor)
    assert code_of(client.post(ACCOUNTS, PAPER))[1] == "accounts_too_many"
    assert client.post(f"{ACCOUNTS}{first.pk}/close/").status_code == 200
    assert client.post(ACCOUNTS, PAPER).status_code == 201


def test_an_account_is_closed_once_nothing_rests_and_stays_readable(
    client: APIClient, actor: User
) -> None:
    account = account_make(actor)
    where = f"{ACCOUNTS}{account.pk}/"
    now = timezone.now()
    order = PaperOrder.objects.create(
        account=account,
        number=1,
        client_order_id="one",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        side="buy",
        kind="limit",
        quantity=1,
        price=1,
        time_in_force="GTC",
        state="open",
        placed_at=now,
        active_at=now,
        changed_at=now,
    )
    refused = client.post(f"{where}close/")
    assert code_of(refused)[:2] == (409, "account_in_use")
    assert "1 orders are open" in refused.json()["errors"][0]["detail"]
    PaperOrder.objects.filter(pk=order.pk).update(state="cancelled")
    closed = client.post(f"{where}close/").json()
    assert closed["closed_at"] is not None
    assert closed["_links"]["close"] is None
    assert client.post(f"{where}close/").json() == closed
    assert client.get(where).json() == closed
    assert code_of(client.patch(where, {"latency_ms": 1}))[1] == "account_closed"
    assert client.patch(where, {"name": "Old"}).status_code == 200
    assert client.get(f"{ACCOUNTS}?closed=false").json()["results"] == []
    assert len(client.get(f"{ACCOUNTS}?closed=true&mode=paper").json()["results"]) == 1
    assert client.get(f"{ACCOUNTS}?mode=live").json()["results"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("patch", ""),
        ("post", "close/"),
        ("get", "credentials/"),
        ("put", "credentials/"),
        ("delete", "credentials/"),
        ("post", "credentials/test/"),
        ("get", "preflight/"),
        ("post", "preflight/"),
    ],
)
def test_an_account_of_somebody_else_is_not_there(
    client: APIClient, method: str, path: str
) -> None:
    body = {"api_key": "k", "secret": "s"} if method == "put" else {}
    for mode in ("live", "paper"):
        where = f"{ACCOUNTS}{account_make(mode=mode).pk}/{path}"
        answer = getattr(client, method)(where, body if method != "get" else None)
        assert code_of(answer)[:2] == (404, "account_not_found")


def test_a_person_with_an_account_is_not_deleted(actor: User) -> None:
    account_make(actor)
    with pytest.raises(ProtectedError):
        actor.delete()

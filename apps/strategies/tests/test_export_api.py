"""Exports over HTTP: a file to keep, or a reason."""

from __future__ import annotations

import io
import uuid
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.core.tests.answers import client_of, error_of, findings_of
from apps.market.tests.factories import series_make
from apps.strategies.tests.test_definition import strategy as definition
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.users.models import User

STRATEGIES = "/api/v1/strategies/"
UNSLIPPED = {"slippage": "0"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> APIClient:
    return client_of(user)


def create(client: APIClient, **changes: object) -> dict[str, Any]:
    body = {"definition": definition(**(UNSLIPPED | changes))}
    stored: dict[str, Any] = client.post(STRATEGIES, body).json()
    return stored


def export(client: APIClient, stored: dict[str, Any], **query: Any) -> Any:
    return client.get(f"{STRATEGIES}{stored['id']}/export/", query)


@pytest.mark.parametrize("engine", ["nautilus", "vectorbt"])
def test_a_script_comes_as_a_file_to_keep(client: APIClient, engine: str) -> None:
    stored = create(client)

    response = export(client, stored, engine=engine)

    name = f"sma_cross_{engine}.py"
    assert response.status_code == 200
    assert response["Content-Type"] == "text/x-python; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    compile(response.content, name, "exec")
    assert stored["content_hash"].encode() in response.content


def test_freqtrade_gets_an_archive(client: APIClient) -> None:
    response = export(client, create(client), engine="freqtrade")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    told = response["Content-Disposition"]
    assert told == 'attachment; filename="sma_cross_freqtrade.zip"'
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert "sma_cross_freqtrade/SmaCross.py" in archive.namelist()


def test_a_strategy_says_where_its_export_is(client: APIClient) -> None:
    stored = create(client)

    response = client.get(stored["_links"]["export"], {"engine": "vectorbt"})

    assert response.status_code == 200


@pytest.mark.parametrize("accept", ["*/*", "text/x-python", "application/json"])
def test_the_file_comes_whatever_of_ours_is_accepted(
    client: APIClient, accept: str
) -> None:
    stored = create(client)

    response = client.get(
        f"{STRATEGIES}{stored['id']}/export/",
        {"engine": "vectorbt"},
        headers={"Accept": accept},
    )

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/x-python")


def test_the_latest_version_is_taken_unless_another_is_named(
    client: APIClient,
) -> None:
    stored = create(client)
    changed = {"definition": definition(**UNSLIPPED, fees="0.002")}
    client.put(f"{STRATEGIES}{stored['id']}/", changed)

    latest = export(client, stored, engine="vectorbt").content
    first = export(client, stored, engine="vectorbt", version=1).content

    assert b"VERSION = 2\n" in latest
    assert b"FEE_RATE = 0.002" in latest
    assert b"VERSION = 1\n" in first
    assert b"FEE_RATE = 0.001" in first


def test_a_series_gives_its_market(client: APIClient, user: User) -> None:
    series = series_make(
        instrument__owner=user,
        instrument__symbol="SOL/EUR",
        instrument__quote="EUR",
        instrument__price_tick=Decimal("0.25"),
    )

    response = export(client, create(client), engine="nautilus", series=series.pk)

    assert b'PRICE_TICK = "0.25"\nQUANTITY_STEP = "0.0001"\n' in response.content
    assert b'Symbol("SOL/EUR")' in response.content


@pytest.mark.parametrize("series", ["theirs", "none"])
def test_a_series_that_is_not_ones_own_is_404(client: APIClient, series: str) -> None:
    wanted = series_make().pk if series == "theirs" else uuid.uuid4()

    response = export(client, create(client), engine="vectorbt", series=wanted)

    assert error_of(response, 404).code == "series_not_found"


@pytest.mark.parametrize("engine", ["reference", "hftbacktest", "Vectorbt", "", "x\n"])
def test_an_engine_without_an_export_is_a_fault_that_lists_those_with_one(
    client: APIClient, engine: str
) -> None:
    finding = error_of(export(client, create(client), engine=engine), 400)

    assert (finding.code, finding.attr) == ("invalid_choice", "engine")
    assert "freqtrade, nautilus, vectorbt" in finding.detail


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({}, "engine"),
        ({"engine": "vectorbt", "version": "0"}, "version"),
        ({"engine": "vectorbt", "version": "one"}, "version"),
        ({"engine": "vectorbt", "series": "no-id"}, "series"),
        ({"engine": "vectorbt", "slippage": "1"}, "slippage"),
        ({"engine": "vectorbt", "slippage": "-0.1"}, "slippage"),
        ({"engine": "vectorbt", "slippage": "nan"}, "slippage"),
        ({"engine": "vectorbt", "verison": "1"}, "verison"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    client: APIClient, query: dict[str, str], attr: str
) -> None:
    assert error_of(export(client, create(client), **query), 400).attr == attr


@pytest.mark.parametrize("version", ["2", "999999999999999999999999"])
def test_a_version_that_there_is_not_is_404(client: APIClient, version: str) -> None:
    response = export(client, create(client), engine="vectorbt", version=version)

    finding = error_of(response, 404)
    assert (finding.code, finding.attr) == ("strategy_version_not_found", "version")


def test_what_an_engine_cannot_honour_is_refused_by_name(client: APIClient) -> None:
    stored = create(
        client,
        entry={"long": "close > fast_ma", "short": "close < fast_ma"},
        trailing_stop="0.02",
    )

    findings = findings_of(export(client, stored, engine="vectorbt"), 422)

    assert {one.code for one in findings} == {"unsupported_by_engine"}
    assert [one.attr for one in findings] == ["entry.short", "trailing_stop"]


def test_a_refusal_is_json_though_a_file_was_asked_for(client: APIClient) -> None:
    stored = create(client, trailing_stop="0.02")

    response = client.get(
        f"{STRATEGIES}{stored['id']}/export/",
        {"engine": "vectorbt"},
        headers={"Accept": "text/x-python"},
    )

    assert error_of(response, 422).attr == "trailing_stop"


def test_slippage_that_freqtrade_does_not_know_can_be_left_out(
    client: APIClient,
) -> None:
    stored = create(client, slippage="0.0005")

    refusal = error_of(export(client, stored, engine="freqtrade"), 422)
    without = export(client, stored, engine="freqtrade", slippage="0")

    assert (refusal.code, refusal.attr) == ("unsupported_by_engine", "slippage")
    assert without.status_code == 200


@pytest.mark.parametrize("whose", ["theirs", "none"])
def test_a_strategy_that_is_not_ones_own_is_404(client: APIClient, whose: str) -> None:
    theirs = create(client_of(UserFactory.create()))
    wanted = theirs if whose == "theirs" else {"id": uuid.uuid4()}

    response = export(client, wanted, engine="vectorbt")

    assert error_of(response, 404).code == "strategy_not_found"


def test_nobody_in_particular_takes_nothing(client: APIClient) -> None:
    stored = create(client)
    client.force_authenticate(None)

    response = export(client, stored, engine="vectorbt")

    assert error_of(response, 401).code == "not_authenticated"


def test_an_export_is_few_queries(
    client: APIClient, user: User, django_assert_max_num_queries: Any
) -> None:
    stored, series = create(client), series_make(instrument__owner=user)

    with django_assert_max_num_queries(2):
        export(client, stored, engine="vectorbt", series=series.pk)

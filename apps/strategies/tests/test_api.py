"""Strategies over HTTP: write, check, read, change, delete."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.tests.answers import client_of, error_of, findings_of
from apps.strategies.models import Strategy
from apps.strategies.tests.test_definition import changed, strategy as definition
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.users.models import User

STRATEGIES = "/api/v1/strategies/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> APIClient:
    return client_of(user)


def create(client: APIClient, **changes: object) -> dict[str, Any]:
    response = client.post(STRATEGIES, {"definition": definition(**changes)})
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def where(stored: dict[str, Any]) -> str:
    return f"{STRATEGIES}{stored['id']}/"


def update(
    client: APIClient, stored: dict[str, Any], if_match: str, **changes: Any
) -> Any:
    body = {"definition": definition(**changes)}
    headers = {"If-Match": if_match} if if_match else {}
    return client.put(where(stored), body, headers=headers)


# --- storing


def test_a_definition_is_stored_as_its_first_version(client: APIClient) -> None:
    stored = create(client)

    assert (stored["name"], stored["version"]) == ("SMA cross", 1)
    assert client.get(where(stored)).json() == stored


def test_an_answer_says_where_to_go_from_here(client: APIClient) -> None:
    links = create(client)["_links"]

    assert client.get(links["self"]).status_code == 200
    assert client.get(links["versions"]).status_code == 200
    assert client.get(links["backtest"]).status_code == 200


def test_a_template_is_stored_as_ones_own(client: APIClient) -> None:
    template = client.get(f"{STRATEGIES}templates/").json()[0]

    response = client.post(STRATEGIES, {"template": template["key"]})

    assert response.status_code == 201
    assert response.json()["name"] == template["definition"]["name"]


@pytest.mark.parametrize(
    "body", [{}, {"definition": definition(), "template": "sma_cross"}]
)
def test_exactly_one_of_definition_and_template_is_asked_for(
    client: APIClient, body: dict[str, Any]
) -> None:
    assert "exactly one" in error_of(client.post(STRATEGIES, body), 400).detail


def test_a_template_that_there_is_not_is_404_and_offers_a_near_one(
    client: APIClient,
) -> None:
    finding = error_of(client.post(STRATEGIES, {"template": "sma_corss"}), 404)

    assert (finding.code, finding.attr) == ("template_not_found", "template")
    assert "'sma_cross'" in finding.detail


def test_a_field_that_there_is_not_is_named(client: APIClient) -> None:
    finding = error_of(client.post(STRATEGIES, {"defintion": {}}), 400)

    assert finding.attr == "defintion"


@pytest.mark.parametrize("field", ["\\ud800", "\\udfff\\ud800"])
def test_half_a_surrogate_pair_as_a_name_is_the_callers_error(
    client: APIClient, field: str
) -> None:
    body = f'{{"{field}": 1}}'

    error_of(client.post(STRATEGIES, body, content_type="application/json"), 400)


@pytest.mark.parametrize("below", ["", "validate/"])
@pytest.mark.parametrize(
    ("changes", "attrs"),
    [
        (
            {"timeframe": "7h", "fees": "2", "sizing": {"kind": "all_in"}},
            {"timeframe", "fees", "sizing.kind"},
        ),
        (
            {
                "entry": {"long": "crosses_above(fast_ma, slwo)", "short": "close >"},
                "exit": {"long": "shift(close, -1) > 0", "short": None},
            },
            {"entry.long", "entry.short", "exit.long"},
        ),
    ],
    ids=["fields", "rules"],
)
def test_all_findings_come_at_once_each_with_its_place(
    client: APIClient, below: str, changes: dict[str, Any], attrs: set[str]
) -> None:
    data = definition(**changes)

    response = client.post(f"{STRATEGIES}{below}", {"definition": data})

    findings = findings_of(response, 400)
    assert {one.attr for one in findings} >= attrs
    assert not Strategy.objects.exists()


def test_a_fault_in_a_rule_points_at_its_column(client: APIClient) -> None:
    data = changed("entry.long", "fast_ma > slwo_ma")

    finding = error_of(client.post(STRATEGIES, {"definition": data}), 400)

    assert (finding.code, finding.attr) == ("rule_unknown_name", "entry.long")
    assert "column 11" in finding.detail
    assert "slow_ma" in finding.detail


# --- checking without storing


def test_a_check_returns_hash_canonical_form_and_warm_up(client: APIClient) -> None:
    response = client.post(f"{STRATEGIES}validate/", {"definition": definition()})

    assert response.status_code == 200
    assert response.json()["warmup_bars"] >= 50
    assert not Strategy.objects.exists()
    stored = create(client)
    assert response.json()["content_hash"] == stored["content_hash"]
    assert response.json()["definition"] == stored["definition"]


def test_a_canonical_form_is_its_own_canonical_form(client: APIClient) -> None:
    first = client.post(f"{STRATEGIES}validate/", {"definition": definition()}).json()

    second = client.post(
        f"{STRATEGIES}validate/", {"definition": first["definition"]}
    ).json()

    assert first == second


def test_every_template_says_when_it_works_and_when_it_fails(client: APIClient) -> None:
    templates = client.get(f"{STRATEGIES}templates/").json()

    assert len(templates) >= 5
    for template in templates:
        assert template["works"]
        assert template["fails"]
        valid = client.post(
            f"{STRATEGIES}validate/", {"definition": template["definition"]}
        )
        assert valid.status_code == 200, template["key"]


# --- changing


def test_a_change_is_the_next_version(client: APIClient) -> None:
    stored = create(client)

    response = update(client, stored, "", fees="0.002")

    assert (response.status_code, response.json()["version"]) == (200, 2)
    assert response.json()["content_hash"] != stored["content_hash"]


def test_an_unchanged_definition_makes_no_version(client: APIClient) -> None:
    stored = create(client)

    assert update(client, stored, "").json()["version"] == 1


def test_a_change_of_what_was_read_is_taken(client: APIClient) -> None:
    stored = create(client)
    etag = client.get(where(stored))["ETag"]

    response = update(client, stored, etag, fees="0.002")

    assert response.status_code == 200
    assert response["ETag"] != etag


def test_a_change_of_what_somebody_else_changed_is_412(client: APIClient) -> None:
    stored = create(client)
    etag = client.get(where(stored))["ETag"]
    update(client, stored, etag, fees="0.002")

    response = update(client, stored, etag, fees="0.003")

    finding = error_of(response, 412)
    assert (finding.code, finding.attr) == ("strategy_changed", "If-Match")
    assert client.get(where(stored)).json()["version"] == 2


def test_whoever_does_not_care_may_change_anything(client: APIClient) -> None:
    stored = create(client)

    assert update(client, stored, "*", fees="0.002").status_code == 200


# --- reading


def test_what_a_client_has_already_is_not_sent_again(client: APIClient) -> None:
    stored = create(client)
    etag = client.get(where(stored))["ETag"]

    response = client.get(where(stored), headers={"If-None-Match": etag})

    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"] == etag


def test_what_has_changed_since_is_sent(client: APIClient) -> None:
    stored = create(client)
    etag = client.get(where(stored))["ETag"]
    update(client, stored, "", fees="0.002")

    response = client.get(where(stored), headers={"If-None-Match": etag})

    assert (response.status_code, response.json()["version"]) == (200, 2)


def test_versions_are_listed_newest_first_and_read_one_by_one(
    client: APIClient,
) -> None:
    stored = create(client)
    update(client, stored, "", fees="0.002")

    listed = client.get(f"{where(stored)}versions/").json()["results"]
    first = client.get(f"{where(stored)}versions/1/").json()

    assert [version["number"] for version in listed] == [2, 1]
    assert first == listed[1]
    assert first["definition"] == stored["definition"]


def test_versions_come_in_pages(client: APIClient) -> None:
    stored = create(client)
    for number in range(2, 6):
        update(client, stored, "", fees=f"0.00{number}")

    page = client.get(f"{where(stored)}versions/?limit=3").json()
    rest = client.get(page["next"]).json()

    seen = [version["number"] for version in page["results"] + rest["results"]]
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("number", ["0", "2", "999999999999999999999999"])
def test_a_version_that_there_is_not_is_404(client: APIClient, number: str) -> None:
    stored = create(client)

    finding = error_of(client.get(f"{where(stored)}versions/{number}/"), 404)

    assert finding.code == "strategy_version_not_found"


def test_a_list_costs_no_more_queries_when_it_is_longer(client: APIClient) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    stored = create(client)
    short = queries(STRATEGIES), queries(f"{where(stored)}versions/")
    for number in range(2, 7):
        create(client)
        update(client, stored, "", fees=f"0.00{number}")

    assert (queries(STRATEGIES), queries(f"{where(stored)}versions/")) == short


def test_a_list_of_many_is_few_queries(
    client: APIClient, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        create(client)

    with django_assert_max_num_queries(2):
        assert len(client.get(STRATEGIES).json()["results"]) == 5


# --- deleting, and what is whose


def test_a_deleted_strategy_is_gone_with_its_versions(client: APIClient) -> None:
    stored = create(client)
    update(client, stored, "", fees="0.002")

    assert client.delete(where(stored)).status_code == 204

    assert error_of(client.get(where(stored)), 404).code == "strategy_not_found"
    error_of(client.get(f"{where(stored)}versions/"), 404)
    error_of(client.delete(where(stored)), 404)


def asked(client: APIClient, method: str, path: str) -> Any:
    body = {"definition": definition()} if method == "put" else None
    return getattr(client, method)(path, body)


@pytest.mark.parametrize(
    ("method", "below"),
    [
        ("get", ""),
        ("put", ""),
        ("delete", ""),
        ("get", "versions/"),
        ("get", "versions/1/"),
    ],
)
def test_somebody_elses_strategy_is_404_like_one_that_there_is_not(
    client: APIClient, method: str, below: str
) -> None:
    theirs = create(client_of(UserFactory.create()))

    foreign = error_of(asked(client, method, where(theirs) + below), 404)
    missing = error_of(
        asked(client, method, f"{STRATEGIES}{uuid.uuid4()}/{below}"), 404
    )

    assert foreign.code == missing.code == "strategy_not_found"
    assert Strategy.objects.filter(pk=theirs["id"]).exists()


def test_somebody_elses_strategies_are_not_listed(client: APIClient) -> None:
    create(client_of(UserFactory.create()))

    assert client.get(STRATEGIES).json()["results"] == []


@pytest.mark.parametrize("path", ["", "templates/", f"{uuid.UUID(int=7)}/"])
def test_nobody_in_particular_sees_nothing(path: str, client: APIClient) -> None:
    client.force_authenticate(None)

    assert error_of(client.get(f"{STRATEGIES}{path}"), 401).code == "not_authenticated"

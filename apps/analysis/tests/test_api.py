"""Asking for backtests over HTTP, and what of them is listed to whom."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.analysis.models import Backtest
from apps.analysis.services.run import backtest_run
from apps.analysis.tests.asking import BACKTESTS, PARTS, ask, stored
from apps.analysis.tests.factories import (
    job_end,
    series_make,
    strategy_make,
    surroundings_of,
)
from apps.core.tests.answers import client_of, error_of, findings_of
from apps.jobs.models import Job
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.engines.runner.pool import EnginePool

pytestmark = pytest.mark.django_db


# --- asking


def test_a_backtest_is_accepted_with_its_address_and_its_job(
    client: APIClient, body: dict[str, Any]
) -> None:
    response = client.post(BACKTESTS, body)

    answer = response.json()
    assert response.status_code == 202
    assert response["Location"] == f"{BACKTESTS}{answer['id']}/"
    assert answer["job"]["state"] == "queued"
    assert answer["runs"] == []
    assert client.get(answer["_links"]["job"]).json() == answer["job"]


def test_an_accepted_backtest_says_all_that_was_assumed(
    client: APIClient, body: dict[str, Any]
) -> None:
    answer = client.post(BACKTESTS, body).json()

    assert answer["parameters"] == {"fast": 3, "slow": 9}
    assert (answer["capital"], answer["fees"]) == (
        "10000.000000000000000000",
        "0.001000000000000000",
    )
    assert (answer["version"], answer["engines"]) == (1, ["reference"])


def test_the_same_request_twice_is_one_backtest(
    client: APIClient, body: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "once"}

    first = client.post(BACKTESTS, body, headers=headers)
    second = client.post(BACKTESTS, body, headers=headers)

    assert first.content == second.content
    assert second["Location"] == first["Location"]
    assert second["Idempotent-Replayed"] == "true"
    assert (Backtest.objects.count(), Job.objects.count()) == (1, 1)


NUMBERS = ("capital", "fees", "slippage")
NO_NUMBERS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "sNaN",
    "1e999999",
    "abc",
    "",
    "9" * 2_000,
]


def unknown() -> dict[str, Any]:
    """What a client posts whose numbers are refused before anything is looked up."""
    return {"series": str(uuid.uuid4()), "strategy": str(uuid.uuid4())}


@pytest.mark.parametrize("value", [*NO_NUMBERS, "-1", -0.5, 10**30, None, [], {}, True])
def test_numbers_that_make_no_sense_are_refused_by_name(
    client: APIClient, value: Any
) -> None:
    response = client.post(BACKTESTS, unknown() | dict.fromkeys(NUMBERS, value))

    findings = findings_of(response, 400)
    assert sorted(str(one.attr) for one in findings) == sorted(NUMBERS)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("name", ["capital", "parameters"])
def test_a_number_that_json_does_not_know_is_refused(
    client: APIClient, name: str, number: str
) -> None:
    value = number if name == "capital" else f'{{"fast": {number}}}'
    text = json.dumps(unknown())[:-1] + f', "{name}": {value}}}'

    response = client.post(BACKTESTS, text, content_type="application/json")

    assert error_of(response, 400).code == "parse_error"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", "x", None, [1], 10**400])
def test_a_parameter_that_is_no_number_is_refused(
    client: APIClient, body: dict[str, Any], value: Any
) -> None:
    response = client.post(BACKTESTS, body | {"parameters": {"fast": value}})

    assert "fast" in str(findings_of(response, 400)[0].attr)


@pytest.mark.parametrize(
    ("changes", "status", "code", "attr"),
    [
        ({"engines": []}, 400, "engines_invalid", "engines"),
        ({"engines": ["reference"] * 2}, 400, "engines_invalid", "engines"),
        ({"engines": ["referense"]}, 404, "engine_unknown", "engines"),
        ({"version": 7}, 404, "strategy_version_not_found", "version"),
        ({"series": str(uuid.uuid4())}, 404, "series_not_found", None),
        ({"strategy": str(uuid.uuid4())}, 404, "strategy_not_found", "strategy"),
        ({"start": "2030-01-01T00:00:00Z"}, 422, "range_empty", "start"),
        ({"end": "2020-01-01T00:00:00Z"}, 422, "range_empty", "end"),
        ({"parameters": {"fsat": 3}}, 400, "parameter_unknown", "parameters.fsat"),
        (
            {"parameters": {"fast": 99}},
            400,
            "parameter_out_of_range",
            "parameters.fast",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(
    client: APIClient,
    body: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    code: str,
    attr: str | None,
) -> None:
    finding = error_of(client.post(BACKTESTS, body | changes), status)

    assert (finding.code, finding.attr) == (code, attr)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"capital": "0"}, "min_value"),
        ({"fees": "1"}, "max_value"),
        ({"engines": ["x"] * 17}, "max_length"),
        ({"engines": "reference"}, "not_a_list"),
        ({"version": 0}, "min_value"),
        ({"series": "x"}, "invalid"),
        ({"start": "yesterday"}, "invalid"),
        ({"start": "2024-01-05T00:00:00Z", "end": "2024-01-02T00:00:00Z"}, "invalid"),
        ({"leverage": 3}, "invalid"),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused_by_name(
    client: APIClient, changes: dict[str, Any], code: str
) -> None:
    finding = error_of(client.post(BACKTESTS, unknown() | changes), 400)

    assert (finding.code, finding.attr) == (code, next(iter(changes)))


def test_what_is_missing_is_named_at_once(client: APIClient) -> None:
    findings = findings_of(client.post(BACKTESTS, {}), 400)

    assert {(one.attr, one.code) for one in findings} == {
        ("series", "required"),
        ("strategy", "required"),
    }


# --- what is whose


def test_somebody_elses_backtest_is_404_like_one_that_there_is_not(done: str) -> None:
    stranger = client_of(UserFactory.create())

    for part in PARTS:
        foreign = error_of(stranger.get(done + part), 404)
        missing = error_of(stranger.get(f"{BACKTESTS}{uuid.uuid4()}/{part}"), 404)

        assert foreign.code == missing.code == "backtest_not_found"


def test_somebody_elses_backtest_cannot_be_deleted(
    client: APIClient, done: str
) -> None:
    stranger = client_of(UserFactory.create())

    assert error_of(stranger.delete(done), 404).code == "backtest_not_found"
    assert client.get(done).status_code == 200


@pytest.mark.parametrize("name", ["series", "strategy"])
def test_somebody_elses_candles_or_strategy_cannot_be_used(
    client: APIClient, body: dict[str, Any], name: str
) -> None:
    other = UserFactory.create()
    theirs = series_make(other) if name == "series" else strategy_make(other)

    finding = error_of(client.post(BACKTESTS, body | {name: str(theirs.pk)}), 404)

    assert finding.code == f"{name}_not_found"


@pytest.mark.usefixtures("done")
def test_somebody_elses_backtests_are_not_listed() -> None:
    stranger = client_of(UserFactory.create())

    assert stranger.get(BACKTESTS).json()["results"] == []


@pytest.mark.parametrize("path", [BACKTESTS, "/api/v1/metrics/"])
def test_nobody_in_particular_sees_nothing(client: APIClient, path: str) -> None:
    client.force_authenticate(None)

    assert error_of(client.get(path), 401).code == "not_authenticated"


# --- lists


def test_a_list_costs_no_more_queries_when_it_is_longer(
    client: APIClient, body: dict[str, Any], done: str, pool: EnginePool
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(BACKTESTS).status_code == 200
        return len(captured)

    one = queries()
    for _ in range(3):
        other = stored(ask(client, body))
        backtest_run(context=surroundings_of(other, pool))
        job_end(other.job)

    assert queries() == one
    assert len(client.get(BACKTESTS).json()["results"]) == 4


def test_one_backtest_with_all_its_parts_is_few_queries(
    client: APIClient, done: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3):
        assert client.get(done).status_code == 200


def test_backtests_are_listed_newest_first_in_pages(
    client: APIClient, body: dict[str, Any]
) -> None:
    asked = [stored(ask(client, body)).pk for _ in range(3)]

    page = client.get(f"{BACKTESTS}?limit=2").json()
    rest = client.get(page["next"]).json()

    listed = [row["id"] for row in page["results"] + rest["results"]]
    assert listed == [str(pk) for pk in asked[::-1]]

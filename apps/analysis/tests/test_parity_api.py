"""Parity runs over HTTP: what is asked, what is answered, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.models import Backtest, ParityRun
from apps.analysis.services.report import report_make
from apps.analysis.tests.comparing import (
    PARITY,
    TWO,
    parity_do,
)
from apps.analysis.tests.factories import Surroundings, job_end, strategy_make
from apps.core.tests.answers import client_of, error_of, findings_of
from apps.jobs.models import Job
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(body: dict[str, Any]) -> dict[str, Any]:
    """What a client posts for a parity run of two engines."""
    return body | {"engines": list(TWO)}


@pytest.fixture
def where(client: APIClient, asking: dict[str, Any], two_engines: EnginePool) -> str:
    """The address of a parity run that has its verdict."""
    address = str(client.post(PARITY, asking)["Location"])
    parity_do(run_at(address), two_engines)
    return address


def run_at(where: str) -> ParityRun:
    return ParityRun.objects.select_related("job", "report_job").get(
        pk=where.rstrip("/").rsplit("/", 1)[1]
    )


# --- asking


@pytest.mark.usefixtures("_all_engines_installed")
def test_a_parity_run_is_accepted_with_its_address_and_its_job(
    client: APIClient, asking: dict[str, Any]
) -> None:
    answer = client.post(PARITY, asking)

    body = answer.json()
    assert answer.status_code == 202, body
    assert answer["Location"] == f"{PARITY}{body['id']}/"
    assert (body["mode"], body["engines"]) == ("exact", list(TWO))
    assert (body["verdict"], body["report"]) == (None, None)
    assert client.get(body["_links"]["job"]).json()["state"] == "queued"
    assert client.get(answer["Location"]).json() == body


@pytest.mark.usefixtures("_all_engines_installed")
def test_the_same_request_twice_is_one_run(
    client: APIClient, asking: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "once"}

    first = client.post(PARITY, asking, headers=headers)
    second = client.post(PARITY, asking, headers=headers)

    assert first.content == second.content
    assert ParityRun.objects.count() == Job.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"engines": "reference"}, "engines"),
        ({"mode": "nativ"}, "mode"),
        ({"tolerance": {"price_ticks": -1}}, "tolerance.price_ticks"),
        ({"tolerance": {"prices": 1}}, "tolerance.prices"),
        ({"capital": "0"}, "capital"),
        ({"tolerances": {}}, "tolerances"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    client: APIClient, asking: dict[str, Any], changes: dict[str, Any], attr: str
) -> None:
    found = findings_of(client.post(PARITY, asking | changes), 400)

    assert attr in {one.attr for one in found}
    assert not ParityRun.objects.exists()


@pytest.mark.parametrize(
    ("engines", "status", "code"),
    [
        (["reference"], 400, "engines_invalid"),
        (["reference", "zipline"], 404, "engine_unknown"),
    ],
)
def test_engines_that_cannot_be_compared_are_refused(
    client: APIClient,
    asking: dict[str, Any],
    engines: list[str],
    status: int,
    code: str,
) -> None:
    found = error_of(client.post(PARITY, asking | {"engines": engines}), status)

    assert (found.code, found.attr) == (code, "engines")
    assert not Backtest.objects.exists()


@pytest.mark.usefixtures("_all_engines_installed")
def test_an_option_that_an_engine_cannot_honour_is_refused_by_name(
    client: APIClient, user: User, asking: dict[str, Any]
) -> None:
    trailing = strategy_make(user, name="Trails", trailing_stop="0.02")

    found = error_of(client.post(PARITY, asking | {"strategy": str(trailing.pk)}), 422)

    assert (found.code, found.attr) == ("unsupported_by_engine", "trailing_stop")


def test_latency_without_an_order_book_is_refused(
    client: APIClient, asking: dict[str, Any]
) -> None:
    asked = asking | {"execution": {"order_latency_ms": 5}}

    answer = client.post(PARITY, asked)

    found = error_of(answer, answer.status_code)
    assert found.code == "unsupported_by_engine"
    assert "order_latency_ms" in found.detail


# --- reading


def test_the_answer_says_the_verdict_and_where_everything_is(
    client: APIClient, where: str
) -> None:
    body = client.get(where).json()

    assert body["verdict"] == "agree"
    assert body["report"]["pairs"][0]["verdict"] == "agree"
    assert body["report"]["first_divergence"] is None
    matches = client.get(body["_links"]["matches"]).json()
    assert len(matches["results"]) == body["report"]["pairs"][0]["agreement"]["paired"]
    listed = client.get(PARITY).json()
    assert [one["id"] for one in listed["results"]] == [body["id"]]


def test_matches_are_paged_and_can_be_turned_round(
    client: APIClient, where: str
) -> None:
    asked: dict[str, Any] = {"first": "vectorbt", "second": "reference", "limit": 2}

    page = client.get(f"{where}matches/", asked).json()
    more = client.get(f"{where}matches/", asked | {"offset": page["next_offset"]})

    assert len(page["results"]) == page["next_offset"] == 2
    assert more.json()["results"][0]["first"]["trade"] == 2


def test_a_pair_that_was_not_compared_is_answered_with_those_that_were(
    client: APIClient, where: str
) -> None:
    answer = client.get(f"{where}matches/", {"first": "nautilus"})

    found = error_of(answer, 404)
    assert found.code == "parity_pair_not_found"
    assert "reference and vectorbt" in found.detail


def test_before_it_has_run_there_is_nothing_to_read(
    client: APIClient, asking: dict[str, Any], _all_engines_installed: None
) -> None:
    where = client.post(PARITY, asking)["Location"]

    for part, code in (
        ("matches/", "parity_not_finished"),
        ("report/", "report_not_ready"),
    ):
        found = error_of(client.get(f"{where}{part}"), 409)
        assert found.code == code
    assert error_of(client.delete(where), 409).code == "parity_running"


def test_the_report_is_a_page_that_may_reach_for_nothing(
    client: APIClient, where: str, pool: EnginePool
) -> None:
    parity = run_at(where)
    assert parity.report_job is not None
    report_make(context=Surroundings(parity.report_job, pool))
    job_end(parity.report_job)

    page = client.get(f"{where}report/")

    assert page.status_code == 200
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert page.content.startswith(b"<!doctype html>")


def test_files_that_are_gone_are_said_to_be(
    client: APIClient, where: str, settings: Any
) -> None:
    parity = run_at(where)
    root: Path = settings.DATA_DIR
    for path in (root / parity.path).iterdir():
        path.unlink()

    assert error_of(client.get(f"{where}matches/"), 503).code == "result_missing"


def test_nobody_else_sees_it(client: APIClient, where: str) -> None:
    stranger = client_of(UserFactory.create())

    assert stranger.get(PARITY).json()["results"] == []
    for part in ("", "matches/", "report/"):
        assert error_of(stranger.get(f"{where}{part}"), 404).code == "parity_not_found"
    assert error_of(stranger.delete(where), 404).code == "parity_not_found"
    assert ParityRun.objects.exists()


def test_a_deleted_run_is_gone_with_its_backtest(client: APIClient, where: str) -> None:
    assert client.delete(where).status_code == 204

    assert error_of(client.get(where), 404).code == "parity_not_found"
    assert not Backtest.objects.exists()


def test_a_run_whose_series_was_deleted_can_still_be_read(
    client: APIClient, where: str, series: CandleSeries
) -> None:
    assert client.delete(f"/api/v1/candle-series/{series.pk}/").status_code == 204

    body = client.get(where).json()

    assert (body["verdict"], body["series"]) == ("agree", None)
    assert client.get(f"{where}matches/").status_code == 200

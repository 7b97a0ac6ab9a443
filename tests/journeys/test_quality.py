"""A market that ended and came back: refused, accepted, and told, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apps.market.batches import CandleBatch
from apps.market.tests.candles import candles, csv_lines
from apps.market.tests.listings import luna
from tests.journeys.service import follow, service_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

BACKTESTS, PARITY = "/api/v1/backtests/", "/api/v1/parity/"
SECONDS = 240
BREAK = "another market under the same name"


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        service_run(tmp_path_factory.mktemp("service")) as service,
        service.client("ada") as client,
    ):
        yield client


@pytest.fixture(scope="module")
def relisted(ada: httpx.Client) -> str:
    return upload(ada, luna(), "LUNA/USDT")


@pytest.fixture(scope="module")
def body(ada: httpx.Client, relisted: str) -> dict[str, Any]:
    strategy = ada.post("/api/v1/strategies/", json={"template": "sma_cross"})
    assert strategy.status_code == 201, strategy.text
    return {
        "series": relisted,
        "strategy": strategy.json()["id"],
        "engines": ["reference"],
    }


def upload(client: httpx.Client, batch: CandleBatch, symbol: str) -> str:
    text = "\n".join(["time,open,high,low,close,volume", *csv_lines(batch)])
    answer = client.post(
        "/api/v1/candle-series/import/",
        data={"venue": "binance", "symbol": symbol},
        files={"file": ("candles.csv", text.encode())},
    )
    assert answer.status_code == 202, answer.text
    job = follow(client, answer.headers["Location"])
    assert job["state"] == "succeeded", job
    return str(job["result"]["series_id"])


def done(client: httpx.Client, where: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(where, json=body)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    job = follow(client, made["_links"]["job"], SECONDS)
    assert job["state"] == "succeeded", job
    told: dict[str, Any] = client.get(made["_links"]["self"]).json()
    return told


def test_the_import_says_that_the_series_has_a_break(
    ada: httpx.Client, relisted: str
) -> None:
    told = ada.get(f"/api/v1/candle-series/{relisted}/quality/").json()["latest"]
    assert (told["trigger"], told["verdict"]) == ("import", "bad")
    (found,) = told["report"]["breaks"]["found"]
    assert (found["kind"], found["after"]) == ("rescaled", "2022-05-31T06:00:00Z")


def test_a_backtest_over_the_break_is_refused_by_name(
    ada: httpx.Client, body: dict[str, Any]
) -> None:
    answer = ada.post(BACKTESTS, json=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["code"] == "quality_below_threshold"
    assert error["attr"] == "quality.maximum_breaks"
    assert BREAK in error["detail"]


def test_on_one_side_of_the_break_it_runs(
    ada: httpx.Client, body: dict[str, Any]
) -> None:
    before = done(ada, BACKTESTS, body | {"end": "2022-05-10T00:00:00Z"})
    after = done(ada, BACKTESTS, body | {"start": "2022-05-31T00:00:00Z"})
    assert before["quality"]["accepted_below"] is False
    assert after["quality"]["report"]["first"] == "2022-05-31T06:00:00Z"
    assert after["quality"]["report"]["asked"]["missing_before"] == 6


def test_accepted_it_runs_and_every_answer_says_so(
    ada: httpx.Client, body: dict[str, Any]
) -> None:
    accepted = body | {"quality": {"accept_below": True}}
    told = done(ada, BACKTESTS, accepted)
    assert told["quality"]["accepted_below"] is True
    assert BREAK in told["quality"]["below"][0]
    again = ada.post(f"{BACKTESTS}{told['id']}/reproduce/")
    job = follow(ada, again.headers["Location"], SECONDS)
    assert job["result"]["verdict"] == "identical"


def test_the_page_of_a_parity_run_shows_the_break(
    ada: httpx.Client, body: dict[str, Any]
) -> None:
    engines = ada.get("/api/v1/engines/").json()
    listed = engines["results"] if isinstance(engines, dict) else engines
    if "vectorbt" not in {one["name"] for one in listed if one["available"]}:
        pytest.skip("vectorbt is not installed here")
    asked = {"engines": ["reference", "vectorbt"], "quality": {"accept_below": True}}
    told = done(ada, PARITY, body | asked)
    assert told["quality"]["accepted_below"] is True
    for job in ada.get("/api/v1/jobs/", params={"kind": "parity.report"}).json()[
        "results"
    ]:
        assert follow(ada, job["_links"]["self"])["state"] == "succeeded"
    page = ada.get(told["_links"]["report"]).text
    assert "Below the threshold, and accepted." in page
    assert BREAK in page


def test_a_limit_that_only_measuring_finds_fails_the_job(
    ada: httpx.Client, body: dict[str, Any]
) -> None:
    batch = candles(900)
    values = batch.values.copy()
    for place in range(100, 900, 100):
        values[:4, place] *= 2
    spiked = upload(ada, CandleBatch(batch.time, values), "SPIKE/USDT")
    part = {"series": spiked, "start": "2024-01-03T00:00:00Z"}
    made = ada.post(BACKTESTS, json=body | part)
    assert made.status_code == 202, made.text
    job = follow(ada, made.json()["_links"]["job"], SECONDS)
    assert (job["state"], job["error"]["code"]) == ("failed", "quality_below_threshold")
    assert "8 of 852 bars are spikes" in job["error"]["detail"]
    told = ada.get(made.json()["_links"]["self"]).json()
    assert told["quality"]["report"]["spikes"] == 8
    assert told["runs"] == []


def test_it_can_be_looked_at_again_and_its_history_be_read(
    ada: httpx.Client, relisted: str
) -> None:
    where = f"/api/v1/candle-series/{relisted}/quality/"
    job = follow(ada, ada.post(f"{where}check/").headers["Location"])
    assert job["result"]["verdict"] == "bad"
    assert BREAK in job["result"]["findings"][-1]
    history = ada.get(f"{where}history/").json()
    assert [one["trigger"] for one in history["results"]] == ["check", "import"]
    assert history["next"] is None

"""One strategy on every engine, over HTTP on the running service, and back again."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.service import follow, service_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.journeys.service import Service

BACKTESTS, PARITY = "/api/v1/backtests/", "/api/v1/parity/"
# freqtrade's program takes longest to start.
SECONDS = 240
FIELDS = ("entry_time", "exit_time", "quantity", "entry_price", "exit_price", "profit")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_run(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def ada(service: Service) -> Iterator[httpx.Client]:
    with service.client("ada") as client:
        yield client


@pytest.fixture(scope="module")
def body(ada: httpx.Client) -> dict[str, Any]:
    """What is asked: a strategy without stops, so that every engine can take part."""
    asked = {
        "symbol": "BTC/USDT",
        "timeframe": "1h",
        "start": "2024-01-01T00:00:00Z",
        "end": "2024-04-01T00:00:00Z",
    }
    answer = ada.post("/api/v1/candle-series/simulate/", json=asked)
    assert answer.status_code == 202, answer.text
    job = follow(ada, answer.headers["Location"])
    strategy = ada.post("/api/v1/strategies/", json={"template": "sma_cross"})
    assert strategy.status_code == 201, strategy.text
    return {
        "series": job["result"]["series_id"],
        "strategy": strategy.json()["id"],
    }


@pytest.fixture(scope="module")
def installed(ada: httpx.Client) -> list[str]:
    engines = ada.get("/api/v1/engines/").json()
    listed = engines["results"] if isinstance(engines, dict) else engines
    return [one["name"] for one in listed if one["available"]]


@pytest.fixture(scope="module")
def exact(
    ada: httpx.Client, body: dict[str, Any], installed: list[str]
) -> dict[str, Any]:
    """A parity run of all engines that are installed, by the fill contract."""
    if len(installed) < 2:
        pytest.skip("only the reference engine is installed")
    return ask(ada, body)


def ask(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(PARITY, json=body)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    job = follow(client, made["_links"]["job"], SECONDS)
    assert job["state"] == "succeeded", job
    done: dict[str, Any] = client.get(made["_links"]["self"]).json()
    return done


def all_trades(client: httpx.Client, backtest: str, engine: str) -> list[Any]:
    answer = client.get(
        f"{BACKTESTS}{backtest}/trades/", params={"engine": engine, "limit": 1_000}
    )
    assert answer.status_code == 200, answer.text
    rows: list[Any] = answer.json()["results"]
    return rows


def test_all_engines_agree_trade_by_trade(
    ada: httpx.Client, exact: dict[str, Any], installed: list[str]
) -> None:
    assert exact["verdict"] == "agree"
    assert [one["name"] for one in exact["report"]["participants"]] == installed
    assert [one["error"] for one in exact["report"]["participants"]] == [None] * len(
        installed
    )
    pairs = exact["report"]["pairs"]
    assert len(pairs) == len(installed) * (len(installed) - 1) // 2
    trades = all_trades(ada, exact["backtest"], "reference")
    assert len(trades) > 10
    for pair in pairs:
        assert set(pair["agreement"].values()) == {len(trades)}, pair
    for engine in installed[1:]:
        for ours, theirs in zip(
            trades, all_trades(ada, exact["backtest"], engine), strict=True
        ):
            for name in ("entry_time", "exit_time", "quantity", "entry_price"):
                assert ours[name] == theirs[name], engine


def test_the_defaults_of_each_engine_are_told_as_lessons(
    ada: httpx.Client, body: dict[str, Any], exact: dict[str, Any], installed: list[str]
) -> None:
    native = ask(ada, body | {"mode": "native"})

    lessons = {one["engine"]: one for one in native["report"]["lessons"]}
    assert set(lessons) == set(installed) - {"reference"}
    assert native["verdict"] == "differ"
    assert native["report"]["first_divergence"]["detail"]
    for lesson in lessons.values():
        told = sum(cost["profit"] for cost in lesson["costs"])
        difference = lesson["native_profit"] - lesson["exact_profit"]
        assert told == pytest.approx(difference, abs=0.01), lesson["engine"]


def test_the_page_is_served_when_its_job_is_done(
    ada: httpx.Client, exact: dict[str, Any], installed: list[str]
) -> None:
    jobs = ada.get("/api/v1/jobs/", params={"kind": "parity.report"}).json()
    for job in jobs["results"]:
        assert follow(ada, job["_links"]["self"])["state"] == "succeeded"

    page = ada.get(exact["_links"]["report"])

    assert page.status_code == 200
    assert "sandbox allow-scripts" in page.headers["content-security-policy"]
    for engine in installed:
        assert engine in page.text
    assert "http://" not in page.text.replace("http://www.w3.org", "")


def test_a_backtest_comes_out_the_same_again(
    ada: httpx.Client, exact: dict[str, Any], installed: list[str]
) -> None:
    answer = ada.post(f"{BACKTESTS}{exact['backtest']}/reproduce/")
    assert answer.status_code == 202, answer.text

    job = follow(ada, answer.headers["Location"], SECONDS)

    assert job["state"] == "succeeded", job
    assert (job["result"]["verdict"], job["result"]["inputs"]) == ("identical", {})
    assert [one["engine"] for one in job["result"]["engines"]] == installed


def test_a_list_from_elsewhere_is_judged_by_the_same_matcher(
    ada: httpx.Client, exact: dict[str, Any]
) -> None:
    trades = all_trades(ada, exact["backtest"], "reference")
    text = io.StringIO()
    rows = csv.DictWriter(text, FIELDS, extrasaction="ignore")
    rows.writeheader()
    # One price is another, by far more than a tick.
    rows.writerows([*trades[:-1], trades[-1] | {"exit_price": 1.0, "profit": ""}])

    answer = ada.post(
        f"{BACKTESTS}{exact['backtest']}/compare/",
        files={"file": ("mine.csv", text.getvalue().encode())},
    )
    assert answer.status_code == 202, answer.text
    job = follow(ada, answer.json()["_links"]["job"])
    assert job["state"] == "succeeded", job
    found = ada.get(answer.headers["Location"]).json()

    assert (found["mode"], found["verdict"]) == ("imported", "differ")
    pair = found["report"]["pairs"][0]
    assert pair["agreement"]["prices"] == len(trades) - 1
    assert found["report"]["first_divergence"]["cause"] == "fill_price"


def test_an_unreadable_list_ends_as_a_job_with_the_line(
    ada: httpx.Client, exact: dict[str, Any]
) -> None:
    answer = ada.post(
        f"{BACKTESTS}{exact['backtest']}/compare/",
        files={"file": ("mine.csv", b"entry_time,exit_time\n1,2\n")},
    )

    job = follow(ada, answer.json()["_links"]["job"])

    assert job["state"] == "failed"
    assert "header lacks quantity" in job["error"]["detail"]


def test_the_command_prints_the_same_verdict(
    service: Service, exact: dict[str, Any]
) -> None:
    done = service.manage(
        "parity",
        "--strategy=SMA cross",
        "--series=BTC/USDT 1h",
        "--engines=reference,vectorbt",
        "--json",
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == exact["verdict"]

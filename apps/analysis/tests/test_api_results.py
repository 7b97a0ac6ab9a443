"""Results over HTTP: figures, trades, equity, the picture, and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.selectors import results_folder
from apps.analysis.services.chart import chart_draw
from apps.analysis.tests.asking import PARTS, stored
from apps.analysis.tests.factories import (
    BARS,
    Surroundings,
    job_end,
)
from apps.core.tests.answers import error_of

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy

pytestmark = pytest.mark.django_db


# --- reading


def test_a_result_has_each_engines_figures(client: APIClient, done: str) -> None:
    answer = client.get(done).json()

    (run,) = answer["runs"]
    assert (run["engine"], run["state"], run["error"]) == (
        "reference",
        "succeeded",
        None,
    )
    assert run["trades"] > 5
    assert len(answer["content_hash"]) == len(run["result_hash"]) == 64


def test_each_figure_is_in_the_catalogue_of_metrics(
    client: APIClient, done: str
) -> None:
    (run,) = client.get(done).json()["runs"]
    catalogue = client.get("/api/v1/metrics/").json()

    assert {metric["name"] for metric in catalogue} == set(run["metrics"])


def test_each_metric_says_its_formula_unit_and_source(client: APIClient) -> None:
    catalogue = client.get("/api/v1/metrics/").json()

    assert len(catalogue) > 20
    for metric in catalogue:
        assert all(metric[name] for name in ("title", "unit", "formula", "source"))


def walk(client: APIClient, where: str, limit: int) -> list[dict[str, Any]]:
    """Read all rows of a result, page by page."""
    rows: list[dict[str, Any]] = []
    offset: int | None = 0
    while offset is not None:
        page = client.get(where, {"offset": offset, "limit": limit}).json()
        assert len(page["results"]) <= limit
        rows += page["results"]
        offset = page["next_offset"]
    return rows


def test_trades_come_in_pages_in_order_of_entry(client: APIClient, done: str) -> None:
    (run,) = client.get(done).json()["runs"]

    trades = walk(client, f"{done}trades/", 3)

    assert trades == client.get(f"{done}trades/").json()["results"]
    assert len(trades) == run["trades"]
    times = [trade["entry_time"] for trade in trades]
    assert times == sorted(times)


def test_a_trade_is_told_in_the_trades_own_words(client: APIClient, done: str) -> None:
    trades = client.get(f"{done}trades/").json()["results"]

    for trade in trades:
        assert trade["side"] == "long"
        assert trade["exit_reason"] in {"signal", "end_of_data"}
        assert trade["entry_time"] < trade["exit_time"]
        assert trade["entry_time"].endswith("Z")
        gross = (trade["exit_price"] - trade["entry_price"]) * trade["quantity"]
        fees = trade["entry_fee"] + trade["exit_fee"]
        assert trade["profit"] == pytest.approx(gross - fees, abs=1e-6)


def test_equity_comes_in_pages_one_point_per_bar(client: APIClient, done: str) -> None:
    points = walk(client, f"{done}equity/", 200)

    assert len(points) == BARS
    assert points[0] == {"time": "2024-01-01T00:00:00.000000Z", "equity": 10_000.0}
    assert len({point["time"] for point in points}) == BARS


def test_a_page_beyond_the_end_is_empty(client: APIClient, done: str) -> None:
    page = client.get(f"{done}equity/", {"offset": 10**9}).json()

    assert page == {"results": [], "next_offset": None}


def test_a_page_that_makes_no_sense_is_refused_by_name(
    client: APIClient, done: str
) -> None:
    for part in ("trades/", "equity/"):
        for name, values in {
            "limit": ("0", "5001", "x"),
            "offset": ("-1", "9" * 5_000),
            "page": ("2",),
        }.items():
            for value in values:
                response = client.get(done + part, {name: value})
                assert error_of(response, 400).attr == name


def test_an_engine_that_took_no_part_has_no_result(
    client: APIClient, done: str
) -> None:
    finding = error_of(client.get(f"{done}trades/", {"engine": "vectorbt"}), 404)

    assert (finding.code, finding.attr) == ("engine_run_not_found", "engine")
    assert "reference" in finding.detail


def test_a_result_that_is_not_there_yet_is_409(client: APIClient, asked: str) -> None:
    for part in ("trades/", "equity/"):
        finding = error_of(client.get(asked + part), 409)

        assert finding.code == "backtest_not_finished"
        assert "queued" in finding.detail


def test_a_result_whose_file_is_gone_is_503(client: APIClient, done: str) -> None:
    for file in results_folder(stored(done).pk).rglob("*.parquet"):
        file.unlink()

    for part in ("trades/", "equity/"):
        assert error_of(client.get(done + part), 503).code == "result_missing"


# --- the picture


def test_a_picture_that_is_not_drawn_yet_is_409_in_json(
    client: APIClient, done: str
) -> None:
    for accept in ("*/*", "image/png", "application/json"):
        response = client.get(f"{done}chart/", headers={"Accept": accept})

        assert error_of(response, 409).code == "chart_not_ready"


def test_a_picture_is_a_png_of_either_theme(
    client: APIClient, done: str, pool: EnginePool
) -> None:
    job = stored(done).chart_job
    assert job is not None
    chart_draw(context=Surroundings(job, pool))
    job_end(job)

    answers = [
        client.get(f"{done}chart/", {"theme": theme}, headers={"Accept": "image/png"})
        for theme in ("light", "dark")
    ]

    assert [answer["Content-Type"] for answer in answers] == ["image/png"] * 2
    assert all(answer.content.startswith(b"\x89PNG") for answer in answers)
    assert answers[0].content != answers[1].content
    assert error_of(client.get(f"{done}chart/?theme=sepia"), 400).attr == "theme"


# --- deleting


def test_a_backtest_that_has_not_ended_is_not_deleted(
    client: APIClient, asked: str
) -> None:
    assert error_of(client.delete(asked), 409).code == "backtest_running"

    assert client.get(asked).status_code == 200


def test_a_cancelled_backtest_can_be_deleted(client: APIClient, asked: str) -> None:
    job = client.get(asked).json()["job"]
    assert client.post(job["_links"]["cancel"]).status_code == 200

    assert client.delete(asked).status_code == 204


def test_a_backtest_goes_with_its_files(
    client: APIClient, done: str, django_capture_on_commit_callbacks: Any
) -> None:
    folder = results_folder(stored(done).pk)
    assert folder.exists()

    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(done).status_code == 204

    assert not folder.exists()
    for part in PARTS:
        error_of(client.get(done + part), 404)


def test_files_stay_until_the_row_is_gone_for_good(
    client: APIClient, done: str, django_capture_on_commit_callbacks: Any
) -> None:
    folder = results_folder(stored(done).pk)

    with django_capture_on_commit_callbacks(execute=False):
        client.delete(done)

    assert folder.exists()


def test_candles_that_are_deleted_leave_the_result(
    client: APIClient, done: str, series: CandleSeries
) -> None:
    assert client.delete(f"/api/v1/candle-series/{series.pk}/").status_code == 204

    answer = client.get(done).json()
    assert answer["series"] is None
    assert answer["runs"][0]["trades"] > 5
    assert client.get(f"{done}trades/").status_code == 200


def test_a_strategy_that_is_deleted_takes_its_backtests_with_it(
    client: APIClient, done: str, strategy: Strategy
) -> None:
    assert client.delete(f"/api/v1/strategies/{strategy.pk}/").status_code == 204

    error_of(client.get(done), 404)

"""From a collector's file to fills on its book, over HTTP, on the running service."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.books import MISSING, feed_lines, imported, quoted
from tests.journeys.service import follow, service_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
BACK_NS = 30 * 10**9


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        service_run(tmp_path_factory.mktemp("service")) as running,
        running.client("ada") as client,
    ):
        yield client


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of a raw feed of a minute."""
    return feed_lines(tmp_path_factory.mktemp("feed"))


@pytest.fixture(scope="module")
def capture(ada: httpx.Client, feed: list[bytes]) -> dict[str, Any]:
    """The feed, imported."""
    job = imported(ada, gzip.compress(b"".join(feed)))
    assert job["state"] == "succeeded", job
    answer: dict[str, Any] = ada.get(
        f"/api/v1/captures/{job['result']['capture_id']}/"
    ).json()
    return answer


def test_a_feed_becomes_a_capture_that_is_listed(
    ada: httpx.Client, capture: dict[str, Any]
) -> None:
    assert capture["layout"] == "binance_usdm"
    assert capture["trade_rows"] == 60
    listed = ada.get("/api/v1/captures/", params={"symbol": "MADE/UP:UP"}).json()
    assert [one["id"] for one in listed["results"]] == [capture["id"]]


@pytest.mark.parametrize("latency_model", ["constant", "feed"])
@pytest.mark.parametrize("queue_model", ["power_prob", "risk_adverse"])
def test_quotes_on_it_give_fills_inventory_and_figures(
    ada: httpx.Client, capture: dict[str, Any], queue_model: str, latency_model: str
) -> None:
    answer = quoted(
        ada, capture["id"], queue_model=queue_model, latency_model=latency_model
    )
    assert answer.status_code == 202, answer.text
    links = answer.json()["_links"]
    assert follow(ada, links["job"])["state"] == "succeeded"

    run = ada.get(links["self"]).json()
    fills = ada.get(links["fills"]).json()["results"]
    points = ada.get(links["equity"]).json()["results"]
    figures = run["metrics"]
    assert len(fills) == figures["fills"] > 0
    held = sum(one["quantity"] * (1 if one["side"] == "buy" else -1) for one in fills)
    assert figures["final_inventory"] == pytest.approx(held)
    assert max(abs(point["inventory"]) for point in points) <= 3
    assert points[-1]["equity"] == pytest.approx(figures["final_equity"])
    assert run["provenance"]["inputs"]["capture"] == capture["sha256"]
    assert queue_model in run["notes"][0]


def test_a_capture_that_is_cut_off_ends_as_a_job_with_its_reason(
    ada: httpx.Client, feed: list[bytes]
) -> None:
    job = imported(ada, gzip.compress(b"".join(feed))[:-40])
    assert job["state"] == "failed"
    assert job["error"]["code"] == "capture_invalid"
    assert job["error"]["detail"] == (
        "'feed.gz' is cut off: its gzip stream ends before its end mark."
    )


def test_a_capture_whose_clock_runs_backwards_ends_as_a_job_with_its_reason(
    ada: httpx.Client, feed: list[bytes]
) -> None:
    late = str(int(feed[90][:19]) - BACK_NS).encode() + feed[90][19:]
    job = imported(ada, gzip.compress(b"".join([*feed[:90], late, *feed[91:]])))
    assert job["state"] == "failed"
    assert job["error"]["code"] == "capture_invalid"
    assert "Line 91 of 'feed.gz' was received" in job["error"]["detail"]
    assert "our clock runs backwards" in job["error"]["detail"]


def test_a_run_that_cannot_be_is_refused_before_it_is_a_job(
    ada: httpx.Client, capture: dict[str, Any]
) -> None:
    answer = quoted(ada, capture["id"], partial_fills=True)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (422, "unsupported_by_engine")
    assert "does not carry them to the position" in error["detail"]

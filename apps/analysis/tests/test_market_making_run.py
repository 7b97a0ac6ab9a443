"""Doing a market-making run: what is stored, and what is left when it fails."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import settings
from django.db import OperationalError

from apps.analysis.errors import MarketMakingNotFound
from apps.analysis.models import MarketMakingRun
from apps.analysis.services.market_making_run import market_making_run
from apps.analysis.tests.captures import capture_take, needs_books
from apps.analysis.tests.factories import Surroundings, job_end
from apps.core.tests.answers import error_of
from apps.engines.errors import (
    CaptureInvalid,
    EngineResultInvalid,
    UnsupportedByEngine,
)
from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.market.errors import CaptureFileDamaged, CaptureFileMissing
from apps.market.selectors import CAPTURE_ENGINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rest_framework.test import APIClient

    from apps.core.tests.bucket import Bucket
    from apps.engines.market_making import MarketMakingRequest, MarketMakingResult
    from apps.engines.runner.pool import EnginePool
    from apps.engines.tests.captures import Row
    from apps.market.models import BookCapture
    from apps.users.models import User

RUNS = "/api/v1/market-making/"
CALL = "apps.analysis.services.market_making_run.engine_call"

pytestmark = [pytest.mark.django_db, needs_books]


@pytest.fixture
def warm(pool: EnginePool) -> EnginePool:
    # A host ends with the thread that started it.
    pool.ensure(CAPTURE_ENGINE)
    return pool


def rows() -> list[Row]:
    """Return a book of 100.0 to 101.0 in which somebody sells, and others buy."""
    from apps.engines.tests.captures import (  # noqa: PLC0415 - may not be here
        ASK,
        BID,
        BOUGHT,
        SOLD,
        book,
    )

    return [
        *book(0, 100.0, 101.0),
        (2_000, SOLD, 99.9, 1.0),
        (4_000, BOUGHT, 101.1, 1.0),
        (6_000, BOUGHT, 101.1, 1.0),
        (10_000, BID, 100.0, 5.1),
        (10_000, ASK, 101.0, 5.1),
    ]


@pytest.fixture
def capture(user: User, warm: EnginePool) -> BookCapture:
    return capture_take(user, warm, rows())


@pytest.fixture
def body(capture: BookCapture) -> dict[str, Any]:
    """A bid and an ask of 1 at the best prices, without latency, for a rebate."""
    return {
        "capture": str(capture.pk),
        "quoting": {
            "half_spread_bps": 40,
            "order_quantity": "1",
            "max_position": "10",
            "grid_step_bps": 0,
        },
        "maker_fee": "-0.001",
        "taker_fee": "0",
        "entry_latency_ms": 0,
        "response_latency_ms": 0,
        "record_interval_ms": 100,
    }


@pytest.fixture
def context(client: APIClient, body: dict[str, Any], warm: EnginePool) -> Surroundings:
    """A run that was asked for, and its job's surroundings."""
    assert client.post(RUNS, body).status_code == 202
    return Surroundings(Job.objects.get(kind="market_making.run"), warm)


def where(context: Surroundings) -> str:
    return f"{RUNS}{context.payload['market_making']}/"


def result_files() -> list[Path]:
    root = Path(settings.DATA_DIR) / "market-making"
    return sorted(path for path in root.rglob("*") if path.is_file())


# --- a result


def test_the_figures_are_what_they_are_by_hand(
    client: APIClient, context: Surroundings
) -> None:
    market_making_run(context=context)
    job_end(context.job)

    told = client.get(where(context)).json()
    figures = told["metrics"]
    assert (figures["fills"], figures["buys"], figures["sells"]) == (3, 1, 2)
    assert figures["fill_ratio"] == pytest.approx(3 / figures["quotes"])
    # Half of a spread of 1 around 100.5, and the middle never moved.
    assert figures["spread_capture_bps"] == pytest.approx(0.5 / 100.5 * 1e4)
    assert figures["adverse_selection_bps"] == 0
    # Bought at 100, sold two at 101, one short is worth 100.5, and the rebates.
    assert figures["final_equity"] == pytest.approx(-100 + 202 - 100.5 + 0.302)
    assert figures["final_inventory"] == -1
    assert figures["maximum_inventory"] == 1
    assert figures["turnover"] == pytest.approx(302)
    assert figures["fees"] == pytest.approx(-0.302)
    assert figures["events"] == 9
    assert any("filled whole" in note for note in told["notes"])
    assert any("'power_prob'" in note for note in told["notes"])


def test_fills_are_read_page_by_page(client: APIClient, context: Surroundings) -> None:
    market_making_run(context=context)

    first = client.get(f"{where(context)}fills/", {"limit": 2}).json()
    rest = client.get(f"{where(context)}fills/", {"offset": 2}).json()

    assert (first["next_offset"], rest["next_offset"]) == (2, None)
    bought, sold = first["results"]
    assert bought == {
        "time": "2023-11-14T22:13:22.000000Z",
        "side": "buy",
        "price": 100.0,
        "quantity": 1.0,
        "fee": pytest.approx(-0.1),
        "mid": 100.5,
        "mid_after": 100.5,
    }
    assert (sold["side"], sold["price"]) == ("sell", 101.0)
    assert len(rest["results"]) == 1
    assert error_of(client.get(f"{where(context)}fills/?limit=0"), 400).attr == "limit"


@pytest.mark.parametrize("part", ["fills/", "equity/"])
def test_fills_and_records_come_as_files_too(
    client: APIClient, context: Surroundings, part: str
) -> None:
    market_making_run(context=context)
    pages = client.get(where(context) + part).json()["results"]

    answer = client.get(where(context) + part, headers={"Accept": "text/csv"})

    head, *lines = b"".join(answer).decode().splitlines()
    assert head.split(",") == list(pages[0])
    assert len(lines) == len(pages) > 1
    for line, row in zip(lines, pages, strict=True):
        told = dict(zip(row, line.split(","), strict=True))
        assert told.pop("time").rstrip("Z") in row.pop("time")
        assert told.pop("side", None) == row.pop("side", None)
        assert [float(one or "nan") for one in told.values()] == pytest.approx(
            [float("nan") if one is None else one for one in row.values()], nan_ok=True
        )


def test_records_tell_inventory_and_equity_over_time(
    client: APIClient, context: Surroundings
) -> None:
    market_making_run(context=context)

    points = client.get(f"{where(context)}equity/", {"limit": 5_000}).json()["results"]
    figures = client.get(where(context)).json()["metrics"]

    assert len(points) == figures["records"] > 90
    assert points == sorted(points, key=lambda point: point["time"])
    assert [points[0][name] for name in ("inventory", "equity")] == [0, 0]
    assert {point["inventory"] for point in points} == {0, 1, -1}
    assert points[-1]["equity"] == pytest.approx(figures["final_equity"])


def test_a_result_says_what_it_depends_on(
    client: APIClient, context: Surroundings, capture: BookCapture
) -> None:
    market_making_run(context=context)

    told = client.get(where(context)).json()
    inputs = told["provenance"]["inputs"]
    content = (Path(settings.DATA_DIR) / capture.path).read_bytes()
    assert inputs["capture"] == hashlib.sha256(content).hexdigest()
    assert inputs["market"]["price_tick"] == "0.1"
    assert (inputs["maker_fee"], inputs["queue_power"]) == ("-0.001", 2.0)
    assert told["versions"]["hftbacktest"]
    assert 0 < told["engine_seconds"] <= told["total_seconds"]


def test_the_same_run_again_has_the_same_hash(
    client: APIClient, body: dict[str, Any], context: Surroundings, warm: EnginePool
) -> None:
    def played(job: Job) -> str:
        market_making_run(context=Surroundings(job, warm))
        run = MarketMakingRun.objects.get(job=job)
        return run.result_hash

    first = played(context.job)
    client.post(RUNS, body)
    again = played(Job.objects.exclude(pk=context.job.pk).get())
    slower = body | {"entry_latency_ms": 2_500}
    client.post(RUNS, slower)
    other = played(Job.objects.order_by("created_at").last() or context.job)
    assert first == again != other


def test_a_deleted_run_takes_its_files_with_it(
    client: APIClient,
    context: Surroundings,
    django_capture_on_commit_callbacks: Any,
) -> None:
    market_making_run(context=context)
    job_end(context.job)
    assert len(result_files()) == 2

    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(where(context)).status_code == 204

    assert result_files() == []


def test_a_result_whose_file_is_gone_is_said_to_be(
    client: APIClient, context: Surroundings
) -> None:
    market_making_run(context=context)
    for path in result_files():
        path.unlink()

    for part in ("fills/", "equity/"):
        error = error_of(client.get(where(context) + part), 503)
        assert error.code == "result_missing"


# --- what fails


def nothing_left(context: Surroundings) -> None:
    run = MarketMakingRun.objects.get(pk=context.payload["market_making"])
    assert (run.path, run.metrics) == ("", None)
    assert result_files() == []


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def clock_turned(path: Path) -> None:
    with np.load(path) as archive:
        members = dict(archive)
    members["data"]["exch_ts"][-1] = members["data"]["exch_ts"][0] - 1
    np.savez(path, **members)


def price_changed(path: Path) -> None:
    with np.load(path) as archive:
        members = dict(archive)
    members["data"]["qty"][-1] = 6.0
    np.savez(path, **members)


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (Path.unlink, CaptureFileMissing, "is gone"),
        (cut_short, CaptureInvalid, "cannot be read as a NumPy file"),
        (clock_turned, CaptureInvalid, "the exchange's clock runs backwards"),
        (price_changed, CaptureFileDamaged, "is not the one that was imported"),
    ],
)
def test_a_capture_that_is_not_as_it_was_imported_ends_the_run_with_the_reason(
    context: Surroundings,
    capture: BookCapture,
    damage: Callable[[Path], object],
    error: type[Exception],
    words: str,
) -> None:
    damage(Path(settings.DATA_DIR) / capture.path)

    with pytest.raises(error, match=words):
        market_making_run(context=context)

    nothing_left(context)


def test_what_the_engine_refuses_ends_the_run_with_the_reason(
    context: Surroundings, capture: BookCapture
) -> None:
    capture.instrument.price_tick = 7
    capture.instrument.save()

    with pytest.raises(UnsupportedByEngine, match="is not a multiple of 7"):
        market_making_run(context=context)

    nothing_left(context)


def test_a_run_whose_capture_was_deleted_says_so(
    context: Surroundings, capture: BookCapture
) -> None:
    capture.delete()

    with pytest.raises(MarketMakingNotFound, match="its capture was deleted"):
        market_making_run(context=context)


def test_a_run_that_lost_its_job_leaves_nothing(context: Surroundings) -> None:
    context.lost = True

    with pytest.raises(JobLost):
        market_making_run(context=context)

    nothing_left(context)


def test_the_files_stay_when_the_connection_breaks_at_commit(
    context: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fenced = context.fenced

    @contextmanager
    def broken() -> Iterator[None]:
        with fenced():
            yield
        raise OperationalError("the connection broke")

    monkeypatch.setattr(context, "fenced", broken)
    with pytest.raises(OperationalError, match="broke"):
        market_making_run(context=context)

    run = MarketMakingRun.objects.get()
    assert len(list((Path(settings.DATA_DIR) / run.path).iterdir())) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda good: replace(good, equity=good.equity[:-1]), "not of one length"),
        (lambda good: replace(good, time=good.time[::-1]), "not in order of time"),
        (lambda good: replace(good, equity=good.equity * np.nan), "equity of records"),
        (lambda good: replace(good, quotes=2), "3 fills and 0 refusals of 2 quotes"),
        (
            lambda good: replace(
                good, fills=replace(good.fills, side=good.fills.side * 2)
            ),
            "neither bought nor sold",
        ),
    ],
)
def test_a_result_that_cannot_be_is_not_believed(
    context: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[MarketMakingResult], MarketMakingResult],
    words: str,
) -> None:
    from apps.engines.adapters.hftbacktest.maker import (  # noqa: PLC0415 - as above
        market_make,
    )

    def call(*, request: MarketMakingRequest, **_: object) -> MarketMakingResult:
        return change(market_make(request))

    monkeypatch.setattr(CALL, call)
    with pytest.raises(EngineResultInvalid, match=words):
        market_making_run(context=context)

    nothing_left(context)


# --- on many machines


def test_a_capture_of_one_machine_is_played_on_another_and_read_on_a_third(
    bucket: Bucket, client: APIClient, context: Surroundings, tmp_path: Path
) -> None:
    bucket.other_machine(tmp_path / "worker")
    market_making_run(context=context)
    job_end(context.job)
    run = MarketMakingRun.objects.get()
    stored = {one for one in bucket.paths() if not one.startswith("captures/")}
    assert stored == {f"{run.path}/{name}.parquet" for name in ("fills", "equity")}
    bucket.other_machine(tmp_path / "web")
    fills = client.get(f"{where(context)}fills/").json()["results"]
    assert len(fills) == 3

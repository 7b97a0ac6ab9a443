"""Results in a bucket: a worker makes them, and every machine reads them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.enums import RunState
from apps.analysis.errors import BacktestNotFound, ParityNotFound
from apps.analysis.models import EngineRun
from apps.analysis.selectors import (
    matches_page,
    parity_folder,
    report_get,
    results_check,
    results_folder,
)
from apps.analysis.services import chart, record, report
from apps.analysis.services.chart import chart_draw
from apps.analysis.services.report import report_make
from apps.analysis.services.run import backtest_run
from apps.analysis.services.tidy import backtest_delete, parity_delete
from apps.analysis.tests.asking import ask, stored as backtest_stored
from apps.analysis.tests.comparing import (
    compare_ask,
    compare_do,
    parity_do,
    parity_make,
    trades_csv,
)
from apps.analysis.tests.factories import Surroundings, job_end, surroundings_of
from apps.core.files import folder_publish
from apps.core.files.errors import StorageUnavailable
from apps.core.tests.answers import error_of
from apps.jobs.errors import JobLost

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import DjangoCaptureOnCommitCallbacks
    from rest_framework.test import APIClient

    from apps.core.tests.bucket import Bucket
    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _shared(bucket: Bucket) -> None:
    """Every test here has a bucket, before anything is stored."""


def found(now: datetime = LATER) -> set[tuple[str, str]]:
    return {(one.code, one.path) for one in results_check(now=now)}


def results(bucket: Bucket) -> set[str]:
    """Return what is stored, but for candles."""
    return {one for one in bucket.paths() if not one.startswith("candles/")}


def test_a_series_of_one_machine_is_backtested_on_another_and_read_on_a_third(
    client: APIClient,
    body: dict[str, Any],
    series: CandleSeries,
    pool: EnginePool,
    bucket: Bucket,
    tmp_path: Path,
) -> None:
    asked = ask(client, body)
    backtest = backtest_stored(asked)
    assert bucket.paths() == {series.path}
    bucket.other_machine(tmp_path / "worker")
    backtest_run(context=surroundings_of(backtest, pool))
    job_end(backtest.job)
    backtest.refresh_from_db()
    assert backtest.chart_job is not None
    path = backtest.runs.get().path
    assert results(bucket) == {f"{path}/trades.parquet", f"{path}/equity.parquet"}
    # Another worker draws it.
    bucket.other_machine(tmp_path / "painter")
    chart_draw(context=Surroundings(backtest.chart_job, pool))
    job_end(backtest.chart_job)
    bucket.other_machine(tmp_path / "web")
    trades = client.get(f"{asked}trades/").json()["results"]
    assert len(trades) > 5
    assert client.get(f"{asked}equity/").json()["results"]
    assert client.get(f"{asked}chart/").content.startswith(b"\x89PNG")
    assert found() == set()


def test_a_deleted_backtest_takes_its_objects_with_it(
    user: User,
    done: str,
    bucket: Bucket,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    backtest = backtest_stored(done)
    assert results(bucket) != set()
    bucket.other_machine(tmp_path / "other")
    with django_capture_on_commit_callbacks(execute=True):
        backtest_delete(actor=user, backtest_id=backtest.pk)
    assert results(bucket) == set()


def test_a_backtest_that_cannot_be_stored_fails_and_leaves_nothing(
    client: APIClient,
    body: dict[str, Any],
    pool: EnginePool,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backtest = backtest_stored(ask(client, body))

    def lost_meanwhile(path: str) -> None:
        bucket.go_down()
        folder_publish(path)

    monkeypatch.setattr(record, "folder_publish", lost_meanwhile)
    with pytest.raises(StorageUnavailable):
        backtest_run(context=surroundings_of(backtest, pool))
    bucket.come_back()
    assert not EngineRun.objects.exists()
    assert results(bucket) == set()
    assert not any(one.is_file() for one in results_folder(backtest.pk).rglob("*"))


def test_a_run_that_lost_its_job_leaves_no_object(
    client: APIClient, body: dict[str, Any], pool: EnginePool, bucket: Bucket
) -> None:
    backtest = backtest_stored(ask(client, body))
    with pytest.raises(JobLost):
        backtest_run(context=surroundings_of(backtest, pool, lost=True))
    assert results(bucket) == set()


def test_results_of_a_bucket_that_is_down_are_unavailable(
    client: APIClient, done: str, bucket: Bucket, tmp_path: Path
) -> None:
    bucket.other_machine(tmp_path / "web")
    bucket.go_down()
    answer = client.get(f"{done}trades/")
    assert error_of(answer, 503).code == "storage_unavailable"
    bucket.come_back()
    path = backtest_stored(done).runs.get().path
    bucket.delete(f"{path}/trades.parquet")
    assert error_of(client.get(f"{done}trades/"), 503).code == "result_missing"


def test_a_parity_run_is_reported_read_and_deleted_on_other_machines(
    user: User,
    two_engines: EnginePool,
    bucket: Bucket,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    parity = parity_do(parity_make(user), two_engines)
    assert parity.report_job is not None
    bucket.other_machine(tmp_path / "reporter")
    report_make(context=Surroundings(parity.report_job, two_engines))
    job_end(parity.report_job)
    bucket.other_machine(tmp_path / "web")
    page = matches_page(
        parity=parity, first=None, second=None, differing=False, offset=0, limit=3
    )
    assert len(page.rows) == 3
    assert report_get(actor=user, parity_id=parity.pk).startswith(b"<!doctype html>")
    assert found() == set()
    bucket.other_machine(tmp_path / "other")
    with django_capture_on_commit_callbacks(execute=True):
        parity_delete(actor=user, parity_id=parity.pk)
    assert results(bucket) == set()


def test_a_page_of_what_was_deleted_meanwhile_is_not_kept(
    user: User,
    two_engines: EnginePool,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    parity = parity_do(parity_make(user), two_engines)
    assert parity.report_job is not None

    def deleted_meanwhile(**asked: Any) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            parity_delete(actor=user, parity_id=parity.pk)
        return "a page"

    monkeypatch.setattr(report, "report_render", deleted_meanwhile)
    with pytest.raises(ParityNotFound, match="while its page was made"):
        report_make(context=Surroundings(parity.report_job, two_engines))
    assert results(bucket) == set()
    assert not parity_folder(parity.pk).exists()


def test_a_picture_of_what_was_deleted_meanwhile_is_not_kept(
    user: User,
    done: str,
    pool: EnginePool,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    backtest = backtest_stored(done)
    assert backtest.chart_job is not None
    deleted: list[int] = []

    def deleted_meanwhile(**asked: Any) -> bytes:
        if not deleted:
            with django_capture_on_commit_callbacks(execute=True):
                backtest_delete(actor=user, backtest_id=backtest.pk)
            deleted.append(1)
        return b"a picture"

    monkeypatch.setattr(chart, "chart_render", deleted_meanwhile)
    with pytest.raises(BacktestNotFound, match="while it was drawn"):
        chart_draw(context=Surroundings(backtest.chart_job, pool))
    assert results(bucket) == set()
    assert not results_folder(backtest.pk).exists()


def test_a_list_that_a_web_machine_receives_is_compared_elsewhere(
    client: APIClient,
    user: User,
    done: str,
    pool: EnginePool,
    bucket: Bucket,
    tmp_path: Path,
) -> None:
    trades = client.get(f"{done}trades/").json()["results"]
    bucket.other_machine(tmp_path / "web")
    asked = compare_ask(user, backtest_stored(done), trades_csv(trades))
    bucket.other_machine(tmp_path / "worker")
    compared = compare_do(asked, pool)
    assert compared.verdict == "agree"


def test_check_data_finds_results_without_a_row_and_rows_without_a_result(
    done: str, bucket: Bucket, tmp_path: Path
) -> None:
    run = backtest_stored(done).runs.get()
    assert run.state == RunState.SUCCEEDED
    for room in ("backtests", "parity", "market-making"):
        bucket.put(f"{room}/nobody/result-1/some.parquet", b"x")
    orphans = {
        ("file_orphaned", f"{room}/nobody/result-1/some.parquet")
        for room in ("backtests", "parity", "market-making")
    }
    # A copy more or less is no matter.
    shutil.rmtree(results_folder(run.backtest_id))
    assert found() == orphans
    assert found(datetime.now(UTC)) == set()
    bucket.other_machine(tmp_path / "other")
    for name in ("trades", "equity"):
        bucket.delete(f"{run.path}/{name}.parquet")
    assert found() == {("file_missing", run.path), *orphans}

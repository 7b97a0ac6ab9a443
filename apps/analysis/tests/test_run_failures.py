"""Doing a backtest when engines fail, jobs are lost, disks are full, or data is gone."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from apps.analysis import results
from apps.analysis.enums import RunState
from apps.analysis.errors import (
    AllEnginesFailed,
    BacktestNotFound,
    RangeEmpty,
    RangeTooShort,
)
from apps.analysis.kinds import CHART_KIND
from apps.analysis.models import EngineRun
from apps.analysis.results import ResultStorageFull, result_read
from apps.analysis.services.run import backtest_run
from apps.analysis.tests.asking import files, run, run_folder
from apps.analysis.tests.factories import (
    FIRST,
    backtest_make,
    strategy_make,
    surroundings_of,
)
from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.market.services import series_delete

if TYPE_CHECKING:
    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

BOTH = ("reference", "vectorbt")
FAR = datetime(9999, 12, 31, tzinfo=UTC)

pytestmark = pytest.mark.django_db


# --- engines that fail


def test_one_engines_failure_leaves_the_others_result(
    of_two: Backtest, pool: EnginePool
) -> None:
    context = surroundings_of(of_two, pool, broken=frozenset({"vectorbt"}))

    told = backtest_run(context=context)

    assert told["engines"] == {"reference": "succeeded", "vectorbt": "failed"}
    failed = of_two.runs.get(engine="vectorbt")
    assert failed.error_code == "engine_unavailable"
    assert "does not start in this test" in failed.error_message
    assert of_two.runs.get(engine="reference").trades > 0
    of_two.refresh_from_db()
    assert of_two.chart_job is not None


def test_a_failed_run_has_no_result(of_two: Backtest, pool: EnginePool) -> None:
    run(of_two, pool, broken=frozenset({"vectorbt"}))

    failed = of_two.runs.get(engine="vectorbt")
    assert (failed.path, failed.result_hash, failed.metrics) == ("", "", {})
    assert not [path for path in files() if "vectorbt" in path.parts]


def test_when_all_engines_fail_each_run_says_why_and_nothing_is_drawn(
    of_two: Backtest, pool: EnginePool
) -> None:
    context = surroundings_of(of_two, pool, broken=frozenset(BOTH))

    with pytest.raises(AllEnginesFailed) as caught:
        backtest_run(context=context)

    for engine in BOTH:
        assert f"{engine} does not start" in caught.value.message
        assert of_two.runs.get(engine=engine).error_message
    of_two.refresh_from_db()
    assert of_two.chart_job is None
    assert files() == []


# --- jobs that are lost, and disks that are full


def test_a_lost_job_writes_nothing(backtest: Backtest, pool: EnginePool) -> None:
    with pytest.raises(JobLost):
        backtest_run(context=surroundings_of(backtest, pool, lost=True))

    backtest.refresh_from_db()
    assert not EngineRun.objects.exists()
    assert (backtest.content_hash, backtest.provenance) == ("", {})
    assert not Job.objects.filter(kind=CHART_KIND).exists()


@pytest.mark.parametrize("written", [0, 1])
def test_a_full_disk_fails_the_job_and_leaves_no_half(
    backtest: Backtest,
    pool: EnginePool,
    monkeypatch: pytest.MonkeyPatch,
    written: int,
) -> None:
    left = [written]

    def write(table: Any, where: Any, **options: Any) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        pq.write_table(table, where, **options)

    monkeypatch.setattr(results, "pq", type("Full", (), {"write_table": write}))
    with pytest.raises(ResultStorageFull) as caught:
        backtest_run(context=surroundings_of(backtest, pool))

    assert caught.value.code == "storage_full"
    assert files() == []
    assert not EngineRun.objects.exists()


# --- what was deleted, or is too short


def test_candles_that_were_deleted_meanwhile_are_told(
    user: User, series: CandleSeries, backtest: Backtest, pool: EnginePool
) -> None:
    series_delete(actor=user, series_id=series.pk)

    with pytest.raises(BacktestNotFound, match="deleted before"):
        backtest_run(context=surroundings_of(backtest, pool))


def test_a_backtest_that_was_deleted_meanwhile_is_told(
    backtest: Backtest, pool: EnginePool
) -> None:
    context = surroundings_of(backtest, pool)
    backtest.delete()

    with pytest.raises(BacktestNotFound):
        backtest_run(context=context)


def test_a_range_between_two_candles_is_empty(
    user: User, series: CandleSeries, strategy: Strategy, pool: EnginePool
) -> None:
    start = FIRST + timedelta(minutes=10)
    backtest = backtest_make(
        user,
        series=series,
        strategy=strategy,
        start=start,
        end=start + timedelta(minutes=20),
    )

    with pytest.raises(RangeEmpty):
        backtest_run(context=surroundings_of(backtest, pool))


def test_a_range_shorter_than_the_warm_up_says_how_long_it_must_be(
    user: User, series: CandleSeries, pool: EnginePool
) -> None:
    backtest = backtest_make(
        user,
        series=series,
        strategy=strategy_make(user),
        end=FIRST + timedelta(hours=20),
        parameters={"slow": 100},
    )

    with pytest.raises(RangeTooShort, match="has 20 candles"):
        backtest_run(context=surroundings_of(backtest, pool))


def test_a_strategy_that_never_enters_has_a_flat_result(
    user: User, series: CandleSeries, pool: EnginePool
) -> None:
    never = strategy_make(user, entry={"long": "close < 0"})

    stored = run(backtest_make(user, series=series, strategy=never), pool).runs.get()

    assert (stored.state, stored.trades) == (RunState.SUCCEEDED, 0)
    equity = result_read(run_folder(stored.backtest_id)).equity
    assert set(equity.tolist()) == {10_000.0}

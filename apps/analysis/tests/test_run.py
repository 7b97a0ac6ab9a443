"""Doing a backtest: what is stored, and that the same input gives it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.enums import RunState
from apps.analysis.kinds import CHART_KIND
from apps.analysis.results import result_hash, result_read
from apps.analysis.services.chart import chart_draw
from apps.analysis.services.run import backtest_run
from apps.analysis.tests.asking import files, run, run_folder
from apps.analysis.tests.factories import (
    BARS,
    FIRST,
    Surroundings,
    backtest_make,
    surroundings_of,
)
from apps.jobs.enums import JobState
from apps.measures.catalogue import CATALOGUE

if TYPE_CHECKING:
    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

FAR = datetime(9999, 12, 31, tzinfo=UTC)

pytestmark = pytest.mark.django_db


# --- a result


def test_a_run_is_stored_with_its_figures_and_files(
    backtest: Backtest, pool: EnginePool
) -> None:
    stored = run(backtest, pool).runs.get()

    result = result_read(run_folder(backtest.pk))
    assert (stored.state, stored.engine) == (RunState.SUCCEEDED, "reference")
    assert stored.trades == len(result.trades) > 5
    assert len(result.equity) == BARS
    assert stored.result_hash == result_hash(result)
    assert set(stored.metrics) == {metric.name for metric in CATALOGUE}
    assert "numba" in stored.versions
    assert 0 < stored.engine_seconds <= stored.total_seconds


def test_equity_ends_where_the_profits_of_all_trades_lead(
    backtest: Backtest, pool: EnginePool
) -> None:
    run(backtest, pool)

    result = result_read(run_folder(backtest.pk))
    total = 10_000 + result.trades.profit.sum()
    assert result.equity[-1] == pytest.approx(total, abs=1e-6)


def test_a_result_says_what_it_depends_on(backtest: Backtest, pool: EnginePool) -> None:
    provenance = run(backtest, pool).provenance

    assert provenance["bars"] == BARS
    assert provenance["first"] == int(FIRST.timestamp()) * 10**9
    assert provenance["inputs"]["fees"] == "0.001"
    assert provenance["inputs"]["strategy"] == backtest.strategy_version.content_hash
    assert provenance["engines"]["reference"]


def test_a_range_is_inclusive_at_its_start_and_exclusive_at_its_end(
    user: User, series: CandleSeries, strategy: Strategy, pool: EnginePool
) -> None:
    start, end = FIRST + timedelta(days=2), FIRST + timedelta(days=5)

    backtest = backtest_make(
        user, series=series, strategy=strategy, start=start, end=end
    )

    provenance = run(backtest, pool).provenance
    assert provenance["bars"] == 3 * 24
    assert provenance["first"] == int(start.timestamp()) * 10**9
    assert provenance["last"] == int((end - timedelta(hours=1)).timestamp()) * 10**9


@pytest.mark.parametrize(
    "changes", [{"end": FAR}, {"start": datetime(1, 1, 1, tzinfo=UTC)}]
)
def test_a_range_far_beyond_the_candles_takes_all_of_them(
    user: User,
    series: CandleSeries,
    strategy: Strategy,
    pool: EnginePool,
    changes: dict[str, Any],
) -> None:
    backtest = backtest_make(user, series=series, strategy=strategy, **changes)

    assert run(backtest, pool).provenance["bars"] == BARS


def test_progress_only_goes_forward(backtest: Backtest, pool: EnginePool) -> None:
    context = surroundings_of(backtest, pool)

    backtest_run(context=context)

    told = [fraction for fraction, _ in context.told]
    assert told == sorted(told)
    assert all(0 <= fraction <= 1 for fraction in told)


def test_running_again_replaces_what_a_lost_report_left(
    backtest: Backtest, pool: EnginePool
) -> None:
    first = run(backtest, pool).runs.get().result_hash

    second = run(backtest, pool).runs.get().result_hash

    assert first == second


def test_the_picture_is_a_job_of_its_own(backtest: Backtest, pool: EnginePool) -> None:
    job = run(backtest, pool).chart_job

    assert job is not None
    assert (job.kind, job.state) == (CHART_KIND, JobState.QUEUED)
    assert job.payload == {"backtest": str(backtest.pk)}


def test_the_picture_is_drawn_for_paper_and_for_screen(
    backtest: Backtest, pool: EnginePool
) -> None:
    job = run(backtest, pool).chart_job
    assert job is not None

    chart_draw(context=Surroundings(job, pool))

    images = [path.read_bytes() for path in files() if path.suffix == ".png"]
    assert len(images) == 2
    assert all(image.startswith(b"\x89PNG") for image in images)
    assert images[0] != images[1]


# --- the same again


def test_the_same_input_has_the_same_hashes(
    user: User, series: CandleSeries, strategy: Strategy, pool: EnginePool
) -> None:
    given = {"series": series, "strategy": strategy}
    first = run(backtest_make(user, **given), pool)
    second = run(backtest_make(user, **given, capital=Decimal("10000.000")), pool)

    assert first.content_hash == second.content_hash != ""
    assert first.runs.get().result_hash == second.runs.get().result_hash != ""


@pytest.mark.parametrize(
    "changes",
    [
        {"fees": Decimal("0.002")},
        {"slippage": Decimal("0.0005")},
        {"capital": Decimal(20_000)},
        {"parameters": {"fast": 4}},
        {"start": FIRST + timedelta(hours=1)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_input_is_another_content(
    user: User,
    series: CandleSeries,
    strategy: Strategy,
    pool: EnginePool,
    changes: dict[str, Any],
) -> None:
    given = {"series": series, "strategy": strategy}
    first = run(backtest_make(user, **given), pool)

    second = run(backtest_make(user, **given, **changes), pool)

    assert first.content_hash != second.content_hash


def test_dearer_trading_earns_less_with_the_same_entries(
    user: User, series: CandleSeries, strategy: Strategy, pool: EnginePool
) -> None:
    given = {"series": series, "strategy": strategy}
    cheap = run(backtest_make(user, **given, fees=Decimal(0)), pool)
    dear = run(backtest_make(user, **given, fees=Decimal("0.01")), pool)

    ends = [result_read(run_folder(one.pk)) for one in (cheap, dear)]
    assert len(ends[0].trades) == len(ends[1].trades)
    assert ends[0].equity[-1] > ends[1].equity[-1]

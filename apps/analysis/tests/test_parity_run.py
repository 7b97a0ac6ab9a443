"""Doing a parity run: what is stored, what fails alone, and what is never left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.analysis.enums import RunMode, RunState
from apps.analysis.errors import (
    BacktestInUse,
    EnginesInvalid,
    NothingToCompare,
    ParityNotFound,
    ParityRunning,
    RangeTooShort,
    ReportNotReady,
)
from apps.analysis.kinds import PARITY_KIND, REPORT_KIND
from apps.analysis.models import Backtest, ParityRun
from apps.analysis.parity.contracts import Tolerance
from apps.analysis.selectors import matches_page, parity_folder, report_get
from apps.analysis.services.parity_run import parity_run
from apps.analysis.services.report import report_make
from apps.analysis.services.tidy import backtest_delete, parity_delete
from apps.analysis.tests.asking import files
from apps.analysis.tests.comparing import (
    TWO,
    parity_do,
    parity_make,
    parity_surroundings,
    stored,
)
from apps.analysis.tests.factories import (
    Surroundings,
    definition_make,
    job_end,
    series_make,
    strategy_make,
)
from apps.engines import registry
from apps.engines.errors import UnsupportedByEngine
from apps.jobs.errors import JobLost
from apps.jobs.models import Job

if TYPE_CHECKING:
    from pytest_django import DjangoCaptureOnCommitCallbacks

    from apps.engines.runner.pool import EnginePool
    from apps.users.models import User

pytestmark = pytest.mark.django_db


# --- a verdict


def test_two_engines_agree_trade_by_trade(user: User, two_engines: EnginePool) -> None:
    parity = parity_do(parity_make(user), two_engines)

    assert parity.verdict == "agree"
    (pair,) = parity.report["pairs"]
    runs = {run.engine: run for run in parity.backtest.runs.all()}
    assert pair["trades_first"] == pair["trades_second"] == runs["reference"].trades > 5
    assert set(pair["agreement"].values()) == {runs["reference"].trades}
    assert (pair["causes"], parity.report["first_divergence"]) == ({}, None)
    assert [one["name"] for one in parity.report["participants"]] == list(TWO)


def test_each_match_says_both_sides(user: User, two_engines: EnginePool) -> None:
    parity = parity_do(parity_make(user), two_engines)

    page = matches_page(
        parity=parity, first=None, second=None, differing=False, offset=0, limit=3
    )

    assert len(page.rows) == page.next_offset == 3
    for row in page.rows:
        assert row["first"] == row["second"]
        assert row["cause"] is None
    none = matches_page(
        parity=parity, first=None, second=None, differing=True, offset=0, limit=3
    )
    assert (none.rows, none.next_offset) == ([], None)


def test_native_runs_are_held_against_the_exact_ones(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_do(parity_make(user, mode=RunMode.NATIVE), two_engines)

    # vectorbt's own users fill at the close of the signal's bar.
    assert parity.verdict == "differ"
    assert parity.native is not None
    assert (parity.backtest.mode, parity.native.mode) == ("exact", "native")
    (lesson,) = parity.report["lessons"]
    assert (lesson["against"], lesson["engine"]) == ("vectorbt (exact)", "vectorbt")
    told = {cost["cause"]: cost["profit"] for cost in lesson["costs"]}
    assert "fill_price" in told
    difference = lesson["native_profit"] - lesson["exact_profit"]
    assert sum(told.values()) == pytest.approx(difference, abs=1e-6)
    differing = matches_page(
        parity=parity,
        first="vectorbt",
        second="vectorbt (exact)",
        differing=True,
        offset=0,
        limit=1,
    )
    assert differing.rows[0]["detail"]
    assert parity.report["first_divergence"]["bars"]


def test_the_page_is_one_file_that_stands_alone(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_do(parity_make(user), two_engines)
    with pytest.raises(ReportNotReady, match="its job is queued"):
        report_get(actor=user, parity_id=parity.pk)

    assert parity.report_job is not None
    report_make(context=Surroundings(parity.report_job, two_engines))
    job_end(parity.report_job)

    page = report_get(actor=user, parity_id=parity.pk).decode()
    assert "Quick cross" in page
    assert "</html>" in page
    for reach in ("src=", "<link", "@import", "fetch("):
        assert reach not in page.split("<body", 1)[1].split("<script", 1)[0]


# --- who takes part


@pytest.mark.usefixtures("_all_engines_installed")
def test_without_names_all_that_can_take_part_and_the_others_are_named(
    user: User,
) -> None:
    stop = strategy_make(user, trailing_stop="0.05")

    parity = parity_make(user, strategy=stop, engines=())

    assert parity.backtest.engines == ["reference", "nautilus", "freqtrade"]
    told = {one["engine"]: one["reason"] for one in parity.left_out}
    assert set(told) == {"vectorbt", "hftbacktest"}
    assert "trailing" in told["vectorbt"]


@pytest.mark.usefixtures("_all_engines_installed")
def test_a_named_engine_that_cannot_honour_an_option_is_refused(user: User) -> None:
    stop = strategy_make(user, trailing_stop="0.05")

    with pytest.raises(UnsupportedByEngine, match="trailing"):
        parity_make(user, strategy=stop)

    assert not ParityRun.objects.exists()
    assert not Job.objects.filter(kind=PARITY_KIND).exists()


@pytest.mark.parametrize("engines", [("reference",), ("reference", "reference")])
def test_one_engine_is_no_comparison(user: User, engines: tuple[str, ...]) -> None:
    with pytest.raises(EnginesInvalid):
        parity_make(user, engines=engines)

    assert not ParityRun.objects.exists()
    assert not Backtest.objects.exists()


def test_where_one_engine_is_installed_the_reasons_of_the_others_are_told(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # numba, which the reference stands on, is there.
    present = {"numba": "0.65"}
    monkeypatch.setattr(registry, "version_of", present.get)

    with pytest.raises(EnginesInvalid) as caught:
        parity_make(user, engines=())

    for engine in ("vectorbt", "nautilus", "freqtrade", "hftbacktest"):
        assert f"{engine}: " in caught.value.message


# --- what goes wrong


@pytest.mark.usefixtures("_all_engines_installed")
def test_an_engine_that_fails_takes_no_part_and_the_others_results_stay(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_make(user, engines=(*TWO, "nautilus"))

    done = parity_do(parity, two_engines, broken=frozenset({"nautilus"}))

    assert done.verdict == "agree"
    assert len(done.report["pairs"]) == 1
    failed = done.report["participants"][2]
    assert failed["name"] == "nautilus"
    assert failed["error"]["code"] == "engine_unavailable"
    states = {run.engine: run.state for run in done.backtest.runs.all()}
    assert states["nautilus"] == RunState.FAILED
    assert states["reference"] == states["vectorbt"] == RunState.SUCCEEDED


def test_with_one_engine_left_the_job_fails_and_its_result_stays(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_make(user)
    context = parity_surroundings(parity, two_engines, broken=frozenset({"vectorbt"}))

    with pytest.raises(NothingToCompare, match="vectorbt does not start"):
        parity_run(context=context)

    parity = stored(parity)
    assert (parity.verdict, parity.report) == ("", {})
    assert parity.backtest.runs.get(engine="reference").trades > 5
    assert parity.backtest.runs.get(engine="vectorbt").error_message


def test_a_lost_job_leaves_neither_rows_nor_files(
    user: User, two_engines: EnginePool
) -> None:
    before = files()
    parity = parity_make(user)

    with pytest.raises(JobLost):
        parity_run(context=parity_surroundings(parity, two_engines, lost=True))

    parity = stored(parity)
    assert (parity.verdict, parity.path) == ("", "")
    assert not parity.backtest.runs.exists()
    assert not Job.objects.filter(kind=REPORT_KIND).exists()
    assert files() == before
    assert [one for one in parity_folder(parity.pk).rglob("*") if one.is_file()] == []


def test_a_strategy_without_trades_agrees_on_nothing(
    user: User, two_engines: EnginePool
) -> None:
    never = strategy_make(user, entry={"long": "close < 0"})

    parity = parity_do(parity_make(user, strategy=never), two_engines)

    assert parity.verdict == "agree"
    assert parity.report["pairs"][0]["agreement"]["paired"] == 0


def test_a_trade_that_never_closes_ends_with_the_data_on_both(
    user: User, two_engines: EnginePool
) -> None:
    held = strategy_make(user, entry={"long": "close > 0"}, exit={"long": "close < 0"})

    parity = parity_do(parity_make(user, strategy=held), two_engines)

    page = matches_page(
        parity=parity, first=None, second=None, differing=False, offset=0, limit=9
    )
    (row,) = page.rows
    assert parity.verdict == "agree"
    assert row["first"]["exit_reason"] == row["second"]["exit_reason"] == "end_of_data"


def test_too_few_candles_are_said_before_any_engine_runs(
    user: User, two_engines: EnginePool
) -> None:
    slow = definition_make()["parameters"] | {
        "slow": {"default": 399, "minimum": 5, "maximum": 400}
    }
    strategy = strategy_make(user, parameters=slow)
    parity = parity_make(user, strategy=strategy, series=series_make(user, days=3))

    with pytest.raises(RangeTooShort):
        parity_run(context=parity_surroundings(parity, two_engines))

    assert not stored(parity).backtest.runs.exists()


def test_a_run_that_was_deleted_meanwhile_ends_with_that_reason(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_make(user)
    context = parity_surroundings(parity, two_engines)
    ParityRun.objects.all().delete()

    with pytest.raises(ParityNotFound):
        parity_run(context=context)


def test_what_was_allowed_is_kept_with_the_run(user: User) -> None:
    parity = parity_make(user, tolerance=Tolerance(price_ticks=3))

    assert parity.tolerance == {
        "price_ticks": 3,
        "quantity_steps": 1.0,
        "profit": 0.0001,
    }


# --- deleting


def test_a_deleted_run_takes_its_backtests_and_files_with_it(
    user: User,
    two_engines: EnginePool,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = files()
    parity = parity_do(parity_make(user, mode=RunMode.NATIVE), two_engines)
    assert len(files()) > len(before)

    with django_capture_on_commit_callbacks(execute=True):
        parity_delete(actor=user, parity_id=parity.pk)

    assert not Backtest.objects.exists()
    assert files() == before
    assert not parity_folder(parity.pk).exists()


def test_a_run_that_has_not_ended_is_not_deleted(user: User) -> None:
    parity = parity_make(user)

    with pytest.raises(ParityRunning):
        parity_delete(actor=user, parity_id=parity.pk)

    assert ParityRun.objects.exists()


def test_a_backtest_that_a_parity_run_stands_on_is_not_deleted(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_do(parity_make(user), two_engines)

    with pytest.raises(BacktestInUse, match="stands on this backtest"):
        backtest_delete(actor=user, backtest_id=parity.backtest.pk)

"""Running a backtest again: identical, or what differs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.errors import BacktestNotFinished, NotReproducible
from apps.analysis.kinds import REPRODUCE_KIND
from apps.analysis.models import EngineRun
from apps.analysis.services.again import backtest_reproduce_request
from apps.analysis.services.reproduce import backtest_reproduce
from apps.analysis.tests.asking import run
from apps.analysis.tests.factories import (
    FIRST,
    NOW,
    Surroundings,
    backtest_make,
    job_end,
)
from apps.core.tests.answers import error_of
from apps.jobs.models import Job
from apps.market.models import CandleSeries
from apps.market.services import series_delete

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished(backtest: Backtest, pool: EnginePool) -> Backtest:
    done = run(backtest, pool)
    job_end(done.job)
    return done


def reproduce(
    user: User, backtest: Backtest, pool: EnginePool, **changes: Any
) -> dict[str, Any]:
    job = backtest_reproduce_request(actor=user, backtest_id=backtest.pk, now=NOW)
    return backtest_reproduce(context=Surroundings(job, pool, **changes))


def test_what_nothing_was_changed_of_is_identical(
    user: User, finished: Backtest, pool: EnginePool
) -> None:
    told = reproduce(user, finished, pool)

    assert (told["verdict"], told["inputs"]) == ("identical", {})
    (engine,) = told["engines"]
    stored = finished.runs.get()
    assert engine["identical"]
    assert engine["result_hash"] == {
        "before": stored.result_hash,
        "now": stored.result_hash,
    }
    assert (engine["versions"], engine["error"]) == ({}, None)


def test_a_second_run_leaves_the_first_as_it_was(
    user: User, finished: Backtest, pool: EnginePool
) -> None:
    before = EngineRun.objects.values().get()

    reproduce(user, finished, pool)

    assert EngineRun.objects.values().get() == before


def test_changed_candles_are_named_with_both_hashes(
    user: User, series: CandleSeries, pool: EnginePool, strategy: Any
) -> None:
    end = series.first + (series.last - series.first) / 2
    half = backtest_make(user, series=series, strategy=strategy, end=end)
    run(half, pool)
    job_end(half.job)
    # As if the stored range had been another one.
    half.start = FIRST + (end - FIRST) / 2
    half.save(update_fields=("start",))

    told = reproduce(user, half, pool)

    assert told["verdict"] == "differs"
    assert set(told["inputs"]) == {"data"}
    assert told["inputs"]["data"]["before"] != told["inputs"]["data"]["now"]
    assert not told["engines"][0]["identical"]


def test_the_markets_rules_of_then_are_used_and_the_change_is_told(
    user: User, finished: Backtest, pool: EnginePool
) -> None:
    assert finished.series is not None
    instrument = finished.series.instrument
    instrument.quantity_step = Decimal("0.5")
    instrument.save(update_fields=("quantity_step",))

    told = reproduce(user, finished, pool)

    assert told["verdict"] == "identical"
    assert told["inputs"]["market"]["now"]["quantity_step"] == "0.5"


def test_another_version_of_an_engine_is_named(
    user: User, finished: Backtest, pool: EnginePool
) -> None:
    stored = finished.runs.get()
    stored.versions |= {"numba": "0.1"}
    stored.save(update_fields=("versions",))

    (engine,) = reproduce(user, finished, pool)["engines"]

    assert engine["identical"]
    assert engine["versions"]["numba"]["before"] == "0.1"


def test_an_engine_that_fails_now_is_said_to(
    user: User, finished: Backtest, pool: EnginePool
) -> None:
    told = reproduce(user, finished, pool, broken=frozenset({"reference"}))

    assert told["verdict"] == "differs"
    assert "does not start" in told["engines"][0]["error"]


def test_a_failure_that_fails_again_is_identical(
    user: User, of_two: Backtest, pool: EnginePool
) -> None:
    broken = frozenset({"vectorbt"})
    run(of_two, pool, broken=broken)
    job_end(of_two.job)

    told = reproduce(user, of_two, pool, broken=broken)

    assert told["verdict"] == "identical"


def test_a_backtest_that_has_not_ended_cannot_be_run_again(
    user: User, backtest: Backtest
) -> None:
    with pytest.raises(BacktestNotFinished):
        backtest_reproduce_request(actor=user, backtest_id=backtest.pk, now=NOW)

    assert not Job.objects.filter(kind=REPRODUCE_KIND).exists()


def test_a_backtest_whose_series_is_gone_cannot_be_run_again(
    client: APIClient, user: User, done: str, series: CandleSeries
) -> None:
    series_delete(actor=user, series_id=series.pk)

    found = error_of(client.post(f"{done}reproduce/"), 409)

    assert found.code == NotReproducible.code


def test_the_answer_is_a_job_that_can_be_followed(client: APIClient, done: str) -> None:
    answer = client.post(f"{done}reproduce/")

    assert answer.status_code == 202
    job = answer.json()
    assert job["kind"] == REPRODUCE_KIND
    assert client.get(answer["Location"]).json()["state"] == "queued"

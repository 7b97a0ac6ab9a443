"""What the metrics tell of engines is what their runs' rows say."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from apps.analysis.enums import RunState
from apps.analysis.gauges import engines_collect
from apps.analysis.models import Backtest, EngineRun
from apps.analysis.tests.factories import backtest_make
from apps.engines import registry
from apps.engines.registry import engine_list
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from datetime import datetime

TIMES = "parallax_engine_run_seconds"

pytestmark = pytest.mark.django_db


@pytest.fixture
def backtest() -> Backtest:
    return backtest_make(UserFactory.create())


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def told(now: datetime) -> dict[tuple[str, ...], float]:
    """Return the samples, by the metric's name and its labels' values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in engines_collect(now)
        for sample in family.samples
    }


def run_make(
    backtest: Backtest,
    now: datetime,
    seconds: float,
    *,
    state: RunState = RunState.SUCCEEDED,
    age: float = 60,
) -> None:
    """Write down a run of the reference engine, each of a backtest of its own."""
    other = Backtest.objects.get(pk=backtest.pk)
    other.pk = None
    other._state.adding = True
    other.id = Backtest().id
    other.save()
    run = EngineRun.objects.create(
        backtest=other, engine="reference", state=state, total_seconds=seconds
    )
    # `created_at` is set by the clock.
    EngineRun.objects.filter(pk=run.pk).update(created_at=now - timedelta(seconds=age))


def test_every_engine_is_told_of_before_it_ever_ran(now: datetime) -> None:
    found = told(now)

    for spec in engine_list():
        for state in RunState.values:
            assert found["parallax_engine_runs", spec.name, state] == 0
        assert found[f"{TIMES}_bucket", spec.name, "+Inf"] == 0
        assert found[f"{TIMES}_gsum", spec.name] == 0


def test_an_engine_that_is_not_installed_is_told_as_unavailable(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(registry, "version_of", {"numba": "9.9"}.get)

    found = told(now)

    assert found["parallax_engine_available", "reference", "9.9"] == 1
    assert found["parallax_engine_available", "vectorbt", ""] == 0


def test_times_lie_in_their_buckets_and_add_up(
    backtest: Backtest, now: datetime
) -> None:
    for seconds in (0.05, 0.5, 0.6, 5_000):
        run_make(backtest, now, seconds)

    found = told(now)

    buckets = {"0.1": 1, "0.25": 1, "0.5": 2, "1.0": 3, "900.0": 3, "+Inf": 4}
    for bound, number in buckets.items():
        assert found[f"{TIMES}_bucket", "reference", bound] == number
    assert found[f"{TIMES}_gcount", "reference"] == 4
    assert found[f"{TIMES}_gsum", "reference"] == pytest.approx(5_001.15)


def test_failed_runs_are_counted_apart_and_timed_by_nobody(
    backtest: Backtest, now: datetime
) -> None:
    run_make(backtest, now, 1)
    run_make(backtest, now, 2, state=RunState.FAILED)
    run_make(backtest, now, 3, state=RunState.FAILED)

    found = told(now)

    assert found["parallax_engine_runs", "reference", "succeeded"] == 1
    assert found["parallax_engine_runs", "reference", "failed"] == 2
    assert found[f"{TIMES}_gcount", "reference"] == 1


def test_runs_of_over_an_hour_ago_are_no_longer_told(
    backtest: Backtest, now: datetime
) -> None:
    run_make(backtest, now, 1, age=3_599)
    run_make(backtest, now, 1, age=3_601)

    assert told(now)["parallax_engine_runs", "reference", "succeeded"] == 1


def test_an_engine_that_is_no_longer_known_does_not_hide_the_others(
    backtest: Backtest, now: datetime
) -> None:
    run_make(backtest, now, 1)
    EngineRun.objects.update(engine="bygone")
    run_make(backtest, now, 1)

    found = told(now)

    assert found["parallax_engine_runs", "bygone", "succeeded"] == 1
    assert found["parallax_engine_runs", "reference", "succeeded"] == 1

"""A run on candles that are not good enough: refused, or accepted and told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.models import Backtest, EngineRun
from apps.analysis.selectors import REPORT, parity_folder
from apps.analysis.services.parity_run import parity_run
from apps.analysis.services.report import report_make
from apps.analysis.services.reproduce import backtest_reproduce
from apps.analysis.services.run import backtest_run
from apps.analysis.tests.asking import BACKTESTS, run, stored
from apps.analysis.tests.comparing import (
    PARITY,
    parity_do,
    parity_make,
    parity_surroundings,
)
from apps.analysis.tests.factories import (
    FIRST,
    NOW,
    backtest_make,
    strategy_make,
    surroundings_of,
)
from apps.analysis.tests.reports import Page, render, run_make
from apps.core.tests.answers import error_of, findings_of
from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.market.enums import Timeframe
from apps.market.errors import QualityBelowThreshold
from apps.market.models import SeriesQuality
from apps.market.requests import ImportRequest
from apps.market.services import candles_import
from apps.market.tests.candles import candles, csv_lines, csv_write
from apps.market.tests.listings import luna

if TYPE_CHECKING:
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.engines.runner.pool import EnginePool
    from apps.market.batches import CandleBatch
    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def take(user: User, folder: Path, batch: CandleBatch, symbol: str) -> CandleSeries:
    path = csv_write(folder / "candles.csv", csv_lines(batch))
    request = ImportRequest("binance", symbol)
    return candles_import(
        actor=user, path=path, label=path.name, request=request, now=NOW
    )


@pytest.fixture
def relisted(user: User, tmp_path: Path) -> CandleSeries:
    """LUNA/USDT, delisted and listed again as another token."""
    return take(user, tmp_path, luna(800, 300), "LUNA/USDT")


@pytest.fixture
def holed(user: User, tmp_path: Path) -> CandleSeries:
    """Six hundred hours, of which every fourth is missing."""
    batch = candles(600)
    kept = [place % 4 != 1 for place in range(600)]
    lines = [line for line, keep in zip(csv_lines(batch), kept, strict=True) if keep]
    path = csv_write(tmp_path / "candles.csv", lines)
    return candles_import(
        actor=user,
        path=path,
        label=path.name,
        request=ImportRequest("binance", "THIN/USDT", Timeframe.H1),
        now=NOW,
    )


@pytest.fixture
def unknown(relisted: CandleSeries) -> CandleSeries:
    """The same, stored before anybody looked at how good series are."""
    SeriesQuality.objects.all().delete()
    return relisted


# --- at the request


def test_a_known_break_is_refused_before_a_job_is_queued(
    client: APIClient, user: User, relisted: CandleSeries
) -> None:
    body = {"series": str(relisted.pk), "strategy": str(strategy_make(user).pk)}
    for where in (BACKTESTS, PARITY):
        asked = body | {"engines": ["reference", "vectorbt"]}
        finding = error_of(client.post(where, asked), 422)
        assert finding.code == "quality_below_threshold"
        assert finding.attr == "quality.maximum_breaks"
        assert "2022-05-31T06:00:00Z, after 437 missing bars" in finding.detail
        assert "quality.accept_below=true" in finding.detail
    assert not Job.objects.exists()
    assert not Backtest.objects.exists()


def test_all_measures_that_fall_short_are_named(
    client: APIClient, user: User, relisted: CandleSeries
) -> None:
    body = {
        "series": str(relisted.pk),
        "strategy": str(strategy_make(user).pk),
        "quality": {"minimum_coverage": "0.95", "maximum_age_bars": 100},
    }
    found = findings_of(client.post(BACKTESTS, body), 422)
    assert [one.attr for one in found] == [
        "quality.minimum_coverage",
        "quality.maximum_breaks",
        "quality.maximum_age_bars",
    ]


@pytest.mark.parametrize(
    ("quality", "attr"),
    [
        ({"minimum_coverage": "1.1"}, "quality.minimum_coverage"),
        ({"minimum_coverage": "NaN"}, "quality.minimum_coverage"),
        ({"maximum_spike_fraction": -1}, "quality.maximum_spike_fraction"),
        ({"maximum_breaks": -1}, "quality.maximum_breaks"),
        ({"maximum_age_bars": "old"}, "quality.maximum_age_bars"),
        ({"accept_below": "perhaps"}, "quality.accept_below"),
        ({"coverage": "0.9"}, "quality.coverage"),
        ("good", "quality.non_field_errors"),
    ],
)
def test_limits_of_the_wrong_shape_are_refused_by_name(
    client: APIClient, body: dict[str, Any], quality: Any, attr: str
) -> None:
    finding = error_of(client.post(BACKTESTS, body | {"quality": quality}), 400)
    assert finding.attr == attr


def test_what_is_stated_goes_to_the_job_and_nothing_else(
    client: APIClient, body: dict[str, Any]
) -> None:
    stated = {"minimum_coverage": "0.95", "accept_below": True, "maximum_breaks": 0}
    client.post(BACKTESTS, body | {"quality": stated})
    assert Job.objects.get().payload["quality"] == stated


# --- in the job


def test_a_good_range_carries_its_report(
    client: APIClient, asked: str, pool: EnginePool
) -> None:
    assert client.get(asked).json()["quality"] is None
    backtest = run(stored(asked), pool)
    quality = client.get(asked).json()["quality"]
    assert quality == backtest.provenance["quality"]
    assert (quality["verdict"], quality["accepted_below"], quality["below"]) == (
        "good",
        False,
        [],
    )
    assert quality["limits"]["minimum_coverage"] == "0.6"
    assert quality["report"]["rows"] == backtest.provenance["bars"]
    assert "quality" not in backtest.provenance["inputs"]


def test_the_report_is_of_the_range_that_was_used(
    user: User, series: CandleSeries, pool: EnginePool
) -> None:
    start, end = FIRST + 48 * HOUR, FIRST + 148 * HOUR
    backtest = backtest_make(user, series=series, start=start, end=end)
    report = run(backtest, pool).provenance["quality"]["report"]
    assert (report["rows"], report["first"], report["last"]) == (
        100,
        "2024-01-03T00:00:00Z",
        "2024-01-07T03:00:00Z",
    )
    assert report["asked"] == {
        "start": "2024-01-03T00:00:00Z",
        "end": "2024-01-07T04:00:00Z",
        "missing_before": 0,
    }


def test_what_only_measuring_finds_fails_the_job_and_keeps_the_report(
    client: APIClient, user: User, unknown: CandleSeries, pool: EnginePool
) -> None:
    backtest = backtest_make(user, series=unknown)
    with pytest.raises(QualityBelowThreshold) as caught:
        backtest_run(context=surroundings_of(backtest, pool))
    assert caught.value.code == "quality_below_threshold"
    assert caught.value.message.startswith("binance LUNA/USDT 1h from 2022-0")
    assert "It has 1 break, 0 are allowed." in caught.value.message
    assert not EngineRun.objects.exists()
    told = client.get(f"{BACKTESTS}{backtest.pk}/").json()["quality"]
    assert (told["verdict"], told["accepted_below"]) == ("bad", False)
    assert len(told["below"]) == 1


def test_a_refusal_of_a_lost_job_writes_nothing(
    user: User, unknown: CandleSeries, pool: EnginePool
) -> None:
    backtest = backtest_make(user, series=unknown)
    with pytest.raises(JobLost):
        backtest_run(context=surroundings_of(backtest, pool, lost=True))
    backtest.refresh_from_db()
    assert backtest.provenance == {}


def test_many_small_holes_are_refused_where_they_are_measured(
    user: User, holed: CandleSeries, pool: EnginePool
) -> None:
    strict = {"quality": {"minimum_coverage": "0.95"}}
    part = {"start": FIRST + 10 * HOUR, "end": FIRST + 500 * HOUR}
    backtest = backtest_make(user, series=holed, **part, **strict)
    with pytest.raises(QualityBelowThreshold, match=r"0\.75\d\d, at least 0\.95"):
        backtest_run(context=surroundings_of(backtest, pool))
    run(backtest_make(user, series=holed, **part), pool)


def test_accepted_below_runs_and_says_so(
    client: APIClient, user: User, relisted: CandleSeries, pool: EnginePool
) -> None:
    quality = {"accept_below": True}
    backtest = backtest_make(user, series=relisted, quality=quality)
    run(backtest, pool)
    told = client.get(f"{BACKTESTS}{backtest.pk}/").json()
    assert told["runs"][0]["state"] == "succeeded"
    assert told["quality"]["accepted_below"] is True
    assert told["quality"]["verdict"] == "bad"
    assert "under the same name" in told["quality"]["below"][0]


def test_limits_that_are_met_are_nothing_to_accept(
    user: User, series: CandleSeries, pool: EnginePool
) -> None:
    backtest = backtest_make(user, series=series, quality={"accept_below": True})
    assert run(backtest, pool).provenance["quality"]["accepted_below"] is False


def test_limits_and_reports_change_no_result_and_no_hash(
    user: User, series: CandleSeries, pool: EnginePool
) -> None:
    strategy = strategy_make(user)
    one = run(backtest_make(user, series=series, strategy=strategy), pool)
    limits = {"minimum_coverage": "1", "accept_below": True}
    other = run(
        backtest_make(user, series=series, strategy=strategy, quality=limits), pool
    )
    assert one.content_hash == other.content_hash
    assert one.runs.get().result_hash == other.runs.get().result_hash


def test_a_run_that_was_accepted_is_reproduced(
    user: User, relisted: CandleSeries, pool: EnginePool
) -> None:
    backtest = backtest_make(user, series=relisted, quality={"accept_below": True})
    run(backtest, pool)
    context = surroundings_of(backtest, pool)
    context.payload = {"backtest": str(backtest.pk)}
    assert backtest_reproduce(context=context)["verdict"] == "identical"


# --- parity


def test_a_parity_run_is_held_to_the_same(
    user: User, unknown: CandleSeries, two_engines: EnginePool
) -> None:
    parity = parity_make(user, series=unknown)
    with pytest.raises(QualityBelowThreshold, match="It has 1 break"):
        parity_run(context=parity_surroundings(parity, two_engines))
    assert not EngineRun.objects.exists()


def test_both_ways_of_a_parity_run_carry_the_report_and_the_page_shows_it(
    client: APIClient, user: User, relisted: CandleSeries, two_engines: EnginePool
) -> None:
    asked = {"quality": {"accept_below": True}, "mode": "native"}
    parity = parity_do(parity_make(user, series=relisted, **asked), two_engines)
    assert parity.native is not None
    told = client.get(f"{PARITY}{parity.pk}/").json()["quality"]
    assert told["accepted_below"] is True
    assert told == parity.backtest.provenance["quality"]
    assert told == parity.native.provenance["quality"]

    assert parity.report_job is not None
    context = parity_surroundings(parity, two_engines)
    context.payload = parity.report_job.payload
    report_make(context=context)
    page = Page((parity_folder(parity.pk) / REPORT).read_text()).words
    assert "bad: 74.00% of 1,681 bars" in page
    assert "Below the threshold, and accepted." in page
    assert "after 437 missing bars: another market under the same name" in page


# --- the page


def test_a_page_tells_good_bars_in_one_line_and_no_more() -> None:
    bars, result = run_make()
    report = {
        "coverage": "0.997813",
        "expected": 58_547,
        "gaps": {"count": 28, "largest": [{"start": "", "bars": 33}]},
        "spikes": 5,
        "breaks": {"count": 0},
        "findings": [],
    }
    quality = {"verdict": "good", "below": [], "report": report}
    page = Page(render(bars, {"reference": result}, quality=quality)).words
    line = "good: 99.78% of 58,547 bars, 28 holes (longest 33 bars), 5 spikes, 0 breaks"
    assert line in page
    assert "What is odd" not in page


def test_a_page_escapes_what_is_told_of_the_bars() -> None:
    bars, result = run_make()
    report = {
        "coverage": "1.000000",
        "expected": 300,
        "gaps": {"count": 0, "largest": []},
        "spikes": 1,
        "breaks": {"count": 1},
        "findings": ["<b>one</b>"],
    }
    quality = {"verdict": "bad", "below": ["<i>two</i>"], "report": report}
    page = render(bars, {"reference": result}, quality=quality)
    assert "<b>one</b>" not in page
    assert "<i>two</i>" not in page
    assert "one" in Page(page).words


def test_without_a_look_at_the_bars_the_page_says_nothing_of_them() -> None:
    bars, result = run_make()
    page = Page(render(bars, {"reference": result})).words
    assert " Data " not in page
    assert "What is odd" not in page

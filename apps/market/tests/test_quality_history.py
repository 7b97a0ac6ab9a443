"""How good a series was is remembered, and can be asked for again."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from apps.core.tests.answers import client_of, error_of
from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.jobs.schedules import schedulable_payload
from apps.jobs.services import job_enqueue
from apps.market.enums import QualityTrigger, Timeframe
from apps.market.errors import (
    QualityBelowThreshold,
    QualityPayloadInvalid,
    SeriesFileMissing,
    SeriesNotFound,
)
from apps.market.models import SeriesQuality
from apps.market.requests import ImportRequest, SimulationRequest
from apps.market.selectors import (
    bars_get,
    quality_gate,
    quality_latest,
    range_check,
    range_report,
)
from apps.market.services import candles_import, series_delete, simulated_import
from apps.market.services.quality import HISTORY_KEPT, series_quality_record
from apps.market.services.storing import _Storing
from apps.market.tasks import run_quality_check
from apps.market.tests.candles import candles, csv_lines, csv_write
from apps.market.tests.captures import Context
from apps.market.tests.factories import series_make, user_make
from apps.market.tests.listings import luna

if TYPE_CHECKING:
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.market.batches import CandleBatch
    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MISSING = "00000000-0000-4000-8000-000000000000"


def take(
    actor: User,
    folder: Path,
    batch: CandleBatch,
    without: tuple[int, ...] = (),
    **asked: Any,
) -> CandleSeries:
    lines = csv_lines(batch)
    kept = [line for place, line in enumerate(lines) if place not in without]
    request = ImportRequest(**{"venue": "binance", "symbol": "BTC/USDT", **asked})
    path = csv_write(folder / "candles.csv", kept)
    return candles_import(
        actor=actor, path=path, label=path.name, request=request, now=NOW
    )


def where(series: CandleSeries, part: str = "") -> str:
    return f"/api/v1/candle-series/{series.pk}/quality/{part}"


@pytest.fixture
def series(actor: User, data_dir: Path, tmp_path: Path) -> CandleSeries:
    """Three hundred hours, of which forty in a row are missing."""
    return take(actor, tmp_path, candles(300), tuple(range(100, 140)))


# --- kept with every store


def test_an_import_leaves_a_report_of_the_whole_series(series: CandleSeries) -> None:
    record = SeriesQuality.objects.get()
    assert (record.series_id, record.revision, record.at) == (series.pk, 1, NOW)
    assert (record.trigger, record.verdict) == ("import", "doubtful")
    assert f"{record.coverage}" == "0.866666"
    assert record.report["gaps"]["largest"] == [
        {"start": "2024-01-05T04:00:00Z", "bars": 40}
    ]


def test_each_store_adds_one_that_is_of_the_new_revision(
    series: CandleSeries, actor: User, tmp_path: Path
) -> None:
    take(actor, tmp_path, candles(300).rows(100, 140))
    newest, oldest = SeriesQuality.objects.filter(series=series)
    assert (newest.revision, newest.report["rows"], newest.verdict) == (2, 300, "good")
    assert oldest.revision == 1


def test_a_simulated_series_has_one_too(actor: User, data_dir: Path) -> None:
    request = SimulationRequest("BTC/USDT", Timeframe.H1, FIRST, FIRST + 500 * HOUR)
    series = simulated_import(actor=actor, request=request, now=NOW)
    latest = quality_latest(series=series)
    assert latest is not None
    assert (latest.verdict, latest.report["rows"]) == ("good", 500)


def test_a_store_that_is_taken_back_leaves_no_report(
    series: CandleSeries,
    actor: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = _Storing.switch

    def broken(self: _Storing, whole: Any) -> CandleSeries:
        switch(self, whole)
        msg = "no room"
        raise OSError(msg)

    monkeypatch.setattr(_Storing, "switch", broken)
    with pytest.raises(OSError, match="no room"):
        take(actor, tmp_path, candles(400).rows(300))
    assert [one.revision for one in SeriesQuality.objects.all()] == [1]


def test_the_history_is_bounded_and_keeps_the_newest(series: CandleSeries) -> None:
    other = series_make()
    report = SeriesQuality.objects.get().report
    for number in range(HISTORY_KEPT + 3):
        series_quality_record(
            series=series if number else other,
            report=report,
            trigger=QualityTrigger.CHECK,
            now=NOW + number * HOUR,
        )
    kept = SeriesQuality.objects.filter(series=series)
    assert kept.count() == HISTORY_KEPT
    assert {one.trigger for one in kept} == {"check"}
    latest = quality_latest(series=series)
    assert latest is not None
    assert latest.at == NOW + (HISTORY_KEPT + 2) * HOUR
    assert SeriesQuality.objects.filter(series=other).count() == 1


def test_a_series_takes_its_history_with_it(series: CandleSeries, actor: User) -> None:
    series_delete(actor=actor, series_id=series.pk)
    assert not SeriesQuality.objects.exists()


# --- on demand


def test_a_check_is_a_job_whose_report_is_the_newest(
    client: APIClient, series: CandleSeries
) -> None:
    answer = client.post(where(series, "check/"))
    job = Job.objects.get(kind="candles.quality")
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/jobs/{job.pk}/"

    told = run_quality_check(Context(job))

    assert told["verdict"] == "doubtful"
    assert told["coverage"] == "0.866666"
    newest, oldest = SeriesQuality.objects.all()
    assert (newest.trigger, oldest.trigger) == ("check", "import")
    same = newest.report.keys() - {"as_of", "age_bars"}
    assert all(newest.report[name] == oldest.report[name] for name in same)


def test_a_look_can_be_put_on_a_schedule(
    client: APIClient, series: CandleSeries, actor: User
) -> None:
    payload = schedulable_payload(
        actor=actor, kind="candles.quality", payload={"series": str(series.pk)}
    )
    job = job_enqueue(owner=actor, kind="candles.quality", payload=payload, now=NOW)
    run_quality_check(Context(job))
    assert SeriesQuality.objects.latest("created_at").trigger == "schedule"


@pytest.mark.parametrize(
    ("payload", "attr"),
    [
        ({}, "series"),
        ({"series": "LUNA"}, "series"),
        ({"series": MISSING, "limit": 3}, "limit"),
    ],
)
def test_a_schedule_of_nothing_that_there_is_is_refused(
    actor: User, payload: dict[str, Any], attr: str
) -> None:
    with pytest.raises(QualityPayloadInvalid) as caught:
        schedulable_payload(actor=actor, kind="candles.quality", payload=payload)
    assert caught.value.attr == attr
    with pytest.raises(SeriesNotFound):
        schedulable_payload(
            actor=actor, kind="candles.quality", payload={"series": MISSING}
        )


def test_a_check_whose_job_is_lost_writes_nothing(
    client: APIClient, series: CandleSeries
) -> None:
    client.post(where(series, "check/"))
    with pytest.raises(JobLost):
        run_quality_check(Context(Job.objects.get(), lost=True))
    assert SeriesQuality.objects.count() == 1


def test_a_check_of_a_series_that_is_gone_says_so(
    client: APIClient, series: CandleSeries, data_dir: Path, actor: User
) -> None:
    client.post(where(series, "check/"))
    job = Job.objects.get()
    (data_dir / series.path).unlink()
    with pytest.raises(SeriesFileMissing):
        run_quality_check(Context(job))
    series_delete(actor=actor, series_id=series.pk)
    with pytest.raises(SeriesNotFound):
        run_quality_check(Context(job))


def test_the_report_keeps_its_shape_and_has_the_newest_verdict(
    client: APIClient, series: CandleSeries
) -> None:
    told = client.get(where(series)).json()
    assert set(told) == {"series", "last_import", "age_bars", "latest"}
    assert told["age_bars"] > 700 * 24
    assert told["series"] == series.quality["series"]
    assert told["last_import"] == series.quality["last_import"]
    latest = told["latest"]
    assert (latest["verdict"], latest["coverage"]) == ("doubtful", "0.866666")
    assert latest["report"]["findings"] == [
        "40 of 300 bars are missing in one hole, the longest 40 bars from "
        "2024-01-05T04:00:00Z."
    ]


def test_a_series_that_nobody_looked_at_has_no_verdict(
    client: APIClient, actor: User, series: CandleSeries
) -> None:
    SeriesQuality.objects.all().delete()
    assert client.get(where(series)).json()["latest"] is None


def test_the_history_is_read_a_page_at_a_time_newest_first(
    client: APIClient, series: CandleSeries
) -> None:
    report = SeriesQuality.objects.get().report
    for number in range(1, 5):
        series_quality_record(
            series=series,
            report=report,
            trigger=QualityTrigger.SCHEDULE,
            now=NOW + number * HOUR,
        )
    page = client.get(where(series, "history/"), {"limit": 3}).json()
    assert [one["at"][11:13] for one in page["results"]] == ["04", "03", "02"]
    rest = client.get(page["next"]).json()
    assert [one["trigger"] for one in rest["results"]] == ["schedule", "import"]
    assert rest["next"] is None


@pytest.mark.parametrize("part", ["", "history/", "check/"])
def test_another_s_series_is_not_there(series: CandleSeries, part: str) -> None:
    stranger = client_of(user_make())
    ask = stranger.post if part == "check/" else stranger.get
    assert error_of(ask(where(series, part)), 404).code == "series_not_found"
    assert not Job.objects.exists()


def test_check_data_tells_each_series_verdict_and_does_not_fail_by_it(
    series: CandleSeries, actor: User, tmp_path: Path
) -> None:
    broken = take(actor, tmp_path, luna(400, 100), symbol="LUNA/USDT")
    SeriesQuality.objects.filter(series=series).delete()
    out = io.StringIO()
    call_command("check_data", stdout=out)
    lines = re.sub(r", [\d,]+ bars old", ", old", out.getvalue()).splitlines()
    assert lines == [
        f"quality  {series.path}  binance BTC/USDT 1h: never looked at; import it "
        "again, or ask for a check",
        f"quality  {broken.path}  binance LUNA/USDT 1h: bad: 59.57% of 1,081 bars, "
        "1 hole (longest 437 bars), 2 spikes, 1 break, old",
        "All files and rows agree.",
    ]


# --- what is known of a range without reading a candle


def refused(
    series: CandleSeries,
    start: datetime | None = None,
    end: datetime | None = None,
    **options: Any,
) -> list[str]:
    """Return by which limits a range is refused."""
    try:
        range_check(
            series=series, start=start, end=end, gate=quality_gate(options), now=NOW
        )
    except QualityBelowThreshold as error:
        return [str(one.attr) for one in error.details]
    return []


COVERAGE, BREAKS = "quality.minimum_coverage", "quality.maximum_breaks"


@pytest.mark.parametrize(
    ("first", "last", "least", "expected"),
    [
        (None, None, "0.8666", []),
        (None, None, "0.8667", [COVERAGE]),
        (90, 150, "0.3333", []),
        (90, 150, "0.3334", [COVERAGE]),
        # The hole reaches to an end of the range: it is shorter, and lacks nothing.
        (100, 150, "1", []),
        (120, 150, "1", []),
        (90, 140, "1", []),
        (90, 130, "1", []),
        (140, None, "1", []),
        (-500, 9_000, "0.8667", [COVERAGE]),
    ],
)
def test_known_holes_inside_a_range_refuse_it(
    series: CandleSeries,
    first: int | None,
    last: int | None,
    least: str,
    expected: list[str],
) -> None:
    start = None if first is None else FIRST + first * HOUR
    end = None if last is None else FIRST + last * HOUR
    assert refused(series, start, end, minimum_coverage=least) == expected
    # What is told without reading is what measuring finds.
    bars = bars_get(series=series, start=start, end=end)
    report = range_report(series=series, bars=bars, start=start, end=end, now=NOW)
    assert (float(report["coverage"]) < float(least)) == bool(expected)


def test_a_refusal_names_the_range_the_hole_and_the_way_round(
    series: CandleSeries,
) -> None:
    with pytest.raises(QualityBelowThreshold) as caught:
        range_check(
            series=series,
            start=FIRST + 90 * HOUR,
            end=FIRST + 150 * HOUR,
            gate=quality_gate({"minimum_coverage": "0.9"}),
            now=NOW,
        )
    assert caught.value.message == (
        "binance BTC/USDT 1h from 2024-01-04 18:00 up to 2024-01-07 06:00 is not good "
        "enough: The coverage is at most 0.3333, at least 0.9 is asked for: 40 of 60 "
        "bars are missing, and 40 of them from 2024-01-05T04:00:00Z on. Ask for another "
        "range or for other limits, or send quality.accept_below=true to run on it all "
        "the same."
    )


def test_a_known_break_refuses_only_ranges_that_go_over_it(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    broken = take(actor, tmp_path, luna(800, 300), symbol="LUNA/USDT")
    ended = datetime(2022, 5, 13, tzinfo=UTC)
    back = datetime(2022, 5, 31, 6, tzinfo=UTC)
    low: dict[str, Any] = {"minimum_coverage": "0"}
    assert refused(broken, **low) == [BREAKS]
    assert refused(broken, ended - 48 * HOUR, back + 48 * HOUR, **low) == [BREAKS]
    assert refused(broken, ended, back + HOUR, **low) == [BREAKS]
    assert refused(broken, None, back, **low) == []
    assert refused(broken, ended + HOUR, None, **low) == []
    assert refused(broken, maximum_breaks=1, **low) == []
    assert refused(broken, accept_below=True) == []
    assert refused(broken, ended - 9 * HOUR, back + 9 * HOUR) == [COVERAGE, BREAKS]


def test_age_is_told_against_now_or_the_end(series: CandleSeries) -> None:
    aged = ["quality.maximum_age_bars"]
    over = FIRST + 300 * HOUR
    assert refused(series, maximum_age_bars=10) == aged
    assert refused(series, FIRST + 150 * HOUR, maximum_age_bars=10) == aged
    assert refused(series, None, over + 10 * HOUR, maximum_age_bars=10) == []
    assert refused(series, None, over + 11 * HOUR, maximum_age_bars=10) == aged
    assert refused(series, None, over - 20 * HOUR, maximum_age_bars=10) == []


def test_a_report_of_another_revision_says_nothing(series: CandleSeries) -> None:
    SeriesQuality.objects.update(revision=7)
    assert refused(series, minimum_coverage="1") == []

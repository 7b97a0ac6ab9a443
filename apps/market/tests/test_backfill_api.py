"""Backfills, trades and resampling over the API, and what their jobs do."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from apps.jobs.models import Job, Schedule
from apps.jobs.registry import handler_get
from apps.market.models import CandleGap, CandleSeries, TradeDay
from apps.market.tests.exchange import same
from apps.market.tests.factories import series_make, user_make
from apps.market.tests.venue import stored, truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from pytest_django import Settings

    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

BACKFILL = "/api/v1/candle-series/backfill/"
RESAMPLE = "/api/v1/candle-series/resample/"
TRADES = "/api/v1/trades/backfill/"
DAYS = "/api/v1/trade-days/"
BODY: dict[str, Any] = {
    "exchange": "binance",
    "symbols": ["btc/usdt", "ETH/USDT"],
    "timeframe": "1h",
    "start": "2024-01-01T00:00:00Z",
    "end": "2024-03-01T00:00:00Z",
}

pytestmark = pytest.mark.django_db


@dataclass(slots=True)
class Context:
    """A job as its handler sees it."""

    payload: dict[str, Any]
    owner_id: UUID
    job_id: UUID = field(default_factory=uuid4)
    lines: list[str] = field(default_factory=list)

    def progress(self, fraction: float, message: str) -> None:
        """Take it."""
        assert 0 <= fraction <= 1
        assert message

    def log(self, message: str) -> None:
        """Keep it."""
        self.lines.append(message)

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Open a transaction."""
        with transaction.atomic():
            yield

    def resource(self, kind: str, name: str) -> str:
        """None is needed."""
        raise AssertionError(kind, name)


def run(job: Job) -> tuple[dict[str, Any], Context]:
    """Do a job as a worker would, in this process."""
    context = Context(job.payload, job.owner_id)
    return handler_get(job.kind)(context), context


def test_a_backfill_is_accepted_as_a_job_that_can_be_followed(
    client: APIClient,
) -> None:
    answer = client.post(BACKFILL, BODY)
    assert answer.status_code == 202, answer.content
    job = Job.objects.get()
    assert answer["Location"] == f"/api/v1/jobs/{job.pk}/"
    assert job.payload["symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert job.payload["timeframes"] == ["1h"]


def test_the_same_key_makes_one_job(client: APIClient) -> None:
    first = client.post(BACKFILL, BODY, headers={"Idempotency-Key": "k"})
    again = client.post(BACKFILL, BODY, headers={"Idempotency-Key": "k"})
    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert Job.objects.count() == 1


def future() -> str:
    return (timezone.now() + timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("changes", "code", "attr"),
    [
        ({"exchange": "binanse"}, "exchange_unknown", "exchange"),
        ({"symbols": ["BTCUSDT"]}, "symbol_invalid", "symbol"),
        ({"symbols": []}, "min_length", "symbols"),
        ({"symbols": [f"C{n}/USDT" for n in range(201)]}, "max_length", "symbols"),
        ({"timeframe": "7m"}, "invalid_choice", "timeframe"),
        ({"timeframes": ["1h"]}, "invalid", "timeframe"),
        ({"end": "future"}, "range_invalid", "end"),
        ({"end": "2023-01-01T00:00:00Z"}, "range_invalid", "end"),
        ({"start": "1999-01-01T00:00:00Z"}, "range_invalid", "start"),
        ({"start": "soon"}, "invalid", "start"),
        ({"keep_updated": {"every_seconds": 5}}, "min_value", "every_seconds"),
        ({"speed": "fast"}, "invalid", "speed"),
    ],
    ids=lambda one: str(one)[:24],
)
def test_what_cannot_be_is_refused_by_its_name(
    client: APIClient, changes: dict[str, Any], code: str, attr: str
) -> None:
    if changes.get("end") == "future":
        changes = {"end": future()}
    answer = client.post(BACKFILL, BODY | changes)
    found = {
        (error["code"], (error["attr"] or "").split(".")[-1])
        for error in answer.json()["errors"]
    }
    assert (code, attr) in found, answer.content
    assert answer.status_code in {400, 404}
    assert not Job.objects.exists()


def test_an_exchange_that_is_not_allowed_is_refused(
    client: APIClient, settings: Settings
) -> None:
    settings.EXCHANGES_ALLOWED = ("kraken",)
    assert client.post(BACKFILL, BODY).status_code == 404


def test_keeping_it_updated_makes_one_schedule_however_often_it_is_asked(
    client: APIClient,
) -> None:
    body = BODY | {"keep_updated": {"every_seconds": 3600}}
    assert client.post(BACKFILL, body).status_code == 202
    body["keep_updated"] = {"every_seconds": 600}
    assert client.post(BACKFILL, body).status_code == 202
    schedule = Schedule.objects.get()
    assert schedule.name == "Update binance 2 markets 1h"
    assert (schedule.every_seconds, schedule.payload["end"]) == (600, None)
    assert {one.payload["schedule_id"] for one in Job.objects.all()} == {
        str(schedule.pk)
    }


@pytest.mark.django_db(transaction=True)
def test_the_job_fetches_and_tells_what_became_of_each_market(
    client: APIClient, venue: Served
) -> None:
    client.post(BACKFILL, BODY | {"symbols": ["BTC/USDT", "NOT/USDT"]})
    result, context = run(Job.objects.get())
    assert (result["failed"], result["added"]) == (1, 60 * 24)
    assert (result["continued_by"], result["schedule_id"]) == (None, None)
    assert any("NOT/USDT 1h failed [symbol_unknown]" in line for line in context.lines)
    assert same(stored(CandleSeries.objects.get()), truth(venue))


@pytest.mark.django_db(transaction=True)
def test_where_a_jobs_time_does_not_do_another_job_goes_on(
    client: APIClient, venue: Served, settings: Settings
) -> None:
    client.post(BACKFILL, BODY)
    settings.JOB_WALL_SECONDS = 1e-9
    first = Job.objects.get()
    result, _ = run(first)
    assert result["unfinished"]
    following = Job.objects.get(pk=result["continued_by"])
    assert following.payload["symbols"] == ["BTC/USDT", "ETH/USDT"]
    settings.JOB_WALL_SECONDS = 3600
    result, _ = run(following)
    assert result["continued_by"] is None
    for series in CandleSeries.objects.select_related("instrument"):
        assert same(stored(series), truth(venue, series.instrument.symbol))
    assert CandleSeries.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_trades_are_fetched_listed_resampled_and_deleted(
    client: APIClient, venue: Served
) -> None:
    body = {
        "exchange": "binance",
        "symbol": "btc/usdt",
        "start": "2024-01-10T00:00:00Z",
        "end": "2024-01-11T00:00:00Z",
    }
    assert client.post(TRADES, body).status_code == 202
    result, _ = run(Job.objects.get())
    assert result["days_stored"] == 1
    [day] = client.get(DAYS, {"symbol": "btc/usdt"}).json()["results"]
    assert (day["day"], day["complete"]) == ("2024-01-10", True)
    assert client.get(DAYS, {"symbol": "ETH/USDT"}).json()["results"] == []

    asked = {"instrument": day["instrument"], "timeframe": "5m"}
    assert client.post(RESAMPLE, asked).status_code == 202
    result, _ = run(Job.objects.latest("created_at"))
    series = CandleSeries.objects.get(pk=result["series_id"])
    start = datetime(2024, 1, 10, tzinfo=UTC)
    found = truth(venue, "BTC/USDT", "5m", start, start + timedelta(days=1))
    assert same(stored(series), found)

    where = f"{DAYS}{day['id']}/"
    assert client.get(where).json() == day
    assert client.delete(where).status_code == 204
    assert not TradeDay.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"timeframe": "1h"}, "invalid"),
        ({"timeframe": "1h", "series": str(uuid4())}, "series_not_found"),
        ({"timeframe": "1h", "instrument": str(uuid4())}, "instrument_not_found"),
        ({"timeframe": "2m", "series": str(uuid4())}, "invalid_choice"),
    ],
    ids=["neither", "series", "instrument", "length"],
)
def test_resampling_of_what_is_not_there_is_refused(
    client: APIClient, body: dict[str, str], code: str
) -> None:
    answer = client.post(RESAMPLE, body)
    assert code in {error["code"] for error in answer.json()["errors"]}


def test_resampling_to_what_is_no_multiple_is_refused(
    client: APIClient, actor: User
) -> None:
    series = series_make(owner=actor, instrument__owner=actor)
    answer = client.post(RESAMPLE, {"series": str(series.pk), "timeframe": "30m"})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("resample_impossible", "timeframe")
    both = {"series": str(series.pk), "instrument": str(series.instrument_id)}
    assert client.post(RESAMPLE, both | {"timeframe": "1d"}).status_code == 400


def test_confirmed_gaps_are_listed_for_their_owner_alone(
    client: APIClient, actor: User
) -> None:
    series = series_make(owner=actor, instrument__owner=actor)
    first = datetime(2024, 1, 1, 5, tzinfo=UTC)
    CandleGap.objects.create(
        series=series,
        kind="hole",
        first=first,
        last=first + timedelta(hours=2),
        bars=3,
        asked=2,
        confirmed_at=timezone.now(),
    )
    where = f"/api/v1/candle-series/{series.pk}/gaps/"
    [gap] = client.get(where).json()["results"]
    assert (gap["kind"], gap["bars"], gap["asked"]) == ("hole", 3, 2)
    other = APIClient()
    other.force_authenticate(user_make())
    assert other.get(where).status_code == 404

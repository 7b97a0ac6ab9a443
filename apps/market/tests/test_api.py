from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.market.errors import QualityRefused, UploadMissing
from apps.market.models import CandleSeries
from apps.market.tasks import run_import, run_simulate
from apps.market.tests.candles import candles, csv_lines, csv_write
from apps.market.tests.factories import series_make, user_make

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings
    from rest_framework.test import APIClient

    from apps.users.models import User

pytestmark = pytest.mark.django_db
IMPORT = "/api/v1/candle-series/import/"
LINES = csv_lines(candles(30))


class Context:
    """A run of a job, without a worker."""

    def __init__(self, job: Job, *, lost: bool = False) -> None:
        self.job_id = job.pk
        self.owner_id: uuid.UUID = job.owner_id
        self.payload: dict[str, Any] = job.payload
        self.lines: list[str] = []
        self._lost = lost

    def progress(self, fraction: float, message: str) -> None:
        assert 0 <= fraction <= 1, message

    def log(self, message: str) -> None:
        self.lines.append(message)

    def resource(self, kind: str, name: str) -> str:
        msg = f"an import asks for no {kind} {name}"
        raise AssertionError(msg)

    @contextmanager
    def fenced(self) -> Iterator[None]:
        with transaction.atomic():
            if self._lost:
                msg = "lost"
                raise JobLost(msg)
            yield


def upload(lines: list[str] = LINES, name: str = "candles.csv") -> SimpleUploadedFile:
    text = "\n".join(["time,open,high,low,close,volume", *lines])
    return SimpleUploadedFile(name, text.encode())


def post(client: APIClient, **fields: Any) -> Any:
    data = {"file": upload(), "venue": "binance", "symbol": "BTC/USDT", **fields}
    return client.post(IMPORT, data, format="multipart")


@pytest.fixture
def series(client: APIClient, data_dir: Path) -> CandleSeries:
    run_import(Context(Job.objects.get(pk=post(client).json()["id"])))
    return CandleSeries.objects.get()


def test_an_import_is_accepted_as_a_job_and_says_where(
    client: APIClient, data_dir: Path
) -> None:
    answer = post(client)
    job = Job.objects.get()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job.pk}/"
    assert answer.json()["kind"] == "candles.import"
    assert [one.name for one in (data_dir / "uploads").iterdir()] == [
        job.payload["upload"]
    ]


def test_the_job_makes_the_series_and_removes_the_upload(
    client: APIClient, data_dir: Path
) -> None:
    post(client, timeframe="1h", price_tick="0.01", quantity_step="0.0001")
    result = run_import(Context(Job.objects.get()))
    answer = client.get(f"/api/v1/candle-series/{result['series_id']}/").json()
    assert (answer["rows"], answer["venue"], answer["symbol"]) == (
        30,
        "binance",
        "BTC/USDT",
    )
    assert (answer["first"], answer["last"]) == (
        "2024-01-01T00:00:00Z",
        "2024-01-02T05:00:00Z",
    )
    assert not list((data_dir / "uploads").iterdir())


def test_a_run_after_a_crash_finds_the_upload_or_the_result(
    client: APIClient, data_dir: Path
) -> None:
    post(client)
    job = Job.objects.get()
    with pytest.raises(JobLost):
        run_import(Context(job, lost=True))
    first = run_import(Context(job))
    assert run_import(Context(job)) == first


def test_a_refused_file_is_removed_and_its_report_is_in_the_log(
    client: APIClient, data_dir: Path
) -> None:
    bad = [*LINES[:10], f"{LINES[10].split(',')[0]},5,4,3,4,1", *LINES[11:]]
    post(client, file=upload(bad))
    context = Context(Job.objects.get())
    with pytest.raises(QualityRefused):
        run_import(context)
    assert any("high below open or close" in line for line in context.lines)
    assert not list((data_dir / "uploads").iterdir())
    with pytest.raises(UploadMissing):
        run_import(context)


def test_a_path_as_a_file_name_is_only_a_label(
    client: APIClient, data_dir: Path
) -> None:
    post(client, file=upload(name="../../../etc/passwd"))
    run_import(Context(Job.objects.get()))
    assert CandleSeries.objects.get().source_name == "passwd"


def test_a_second_post_with_the_same_key_enqueues_nothing_new(
    client: APIClient, data_dir: Path
) -> None:
    client.credentials(HTTP_IDEMPOTENCY_KEY="once")
    first, second = post(client), post(client)
    assert first.json() == second.json()
    assert Job.objects.count() == 1
    assert len(list((data_dir / "uploads").iterdir())) == 1


@pytest.mark.parametrize(
    ("fields", "status", "code", "attr"),
    [
        ({"venue": "no venue"}, 400, "venue_invalid", "venue"),
        ({"symbol": "BTC"}, 400, "symbol_invalid", "symbol"),
        ({"timeframe": "7m"}, 400, "invalid_choice", "timeframe"),
        ({"price_tick": "0"}, 400, "rules_invalid", "price_tick"),
        ({"price_tick": "x"}, 400, "invalid", "price_tick"),
        ({"speed": "fast"}, 400, "invalid", "speed"),
        ({"file": SimpleUploadedFile("a", b"")}, 400, "empty", "file"),
    ],
)
def test_a_bad_request_is_refused_at_once_and_leaves_nothing(
    client: APIClient,
    data_dir: Path,
    fields: dict[str, Any],
    status: int,
    code: str,
    attr: str,
) -> None:
    answer = post(client, **fields)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"], error["attr"]) == (status, code, attr)
    assert not Job.objects.exists()
    assert not list(data_dir.iterdir())


def test_a_file_over_the_limit_is_refused(
    client: APIClient, data_dir: Path, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    answer = post(client)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "upload_too_large"


def test_simulated_candles_come_with_fixed_defaults(
    client: APIClient, data_dir: Path
) -> None:
    answer = client.post("/api/v1/candle-series/simulate/", {})
    assert answer.status_code == 202
    result = run_simulate(Context(Job.objects.get()))
    found = client.get(f"/api/v1/candle-series/{result['series_id']}/").json()
    assert (found["synthetic"], found["rows"]) == (True, 731 * 24)
    assert found["last"] == "2024-12-31T23:00:00Z"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"symbol": "BTC/USD"}, "symbol_unknown"),
        ({"timeframe": "1w"}, "timeframe_unsupported"),
        ({"start": "2019-01-01T00:00:00Z"}, "candle_range_invalid"),
        ({"end": "2022-01-01T00:00:00Z"}, "range_invalid"),
        ({"end": "2039-01-01T00:00:00Z"}, "range_invalid"),
    ],
)
def test_synthetic_candles_that_cannot_be_are_refused_at_once(
    client: APIClient, data_dir: Path, body: dict[str, str], code: str
) -> None:
    answer = client.post("/api/v1/candle-series/simulate/", body)
    assert answer.json()["errors"][0]["code"] == code
    assert not Job.objects.exists()


def test_candles_are_decimal_strings_on_the_tick(
    client: APIClient, series: CandleSeries
) -> None:
    url = f"/api/v1/candle-series/{series.pk}/candles/?limit=1"
    first = client.get(url).json()["results"][0]
    assert first["time"] == "2024-01-01T00:00:00Z"
    assert first["open"] == "100.00"
    assert first["volume"] == LINES[0].split(",")[-1]


def test_pages_of_candles_follow_each_other_without_overlap(
    client: APIClient, series: CandleSeries
) -> None:
    url = (
        f"/api/v1/candle-series/{series.pk}/candles/"
        "?start=2024-01-01T02:00:00Z&end=2024-01-02T00:00:00Z&limit=5"
    )
    times = []
    while url:
        page = client.get(url).json()
        assert len(page["results"]) <= 5
        times += [one["time"] for one in page["results"]]
        url = page["next"]
    assert times == sorted(set(times))
    assert (len(times), times[0], times[-1]) == (
        22,
        "2024-01-01T02:00:00Z",
        "2024-01-01T23:00:00Z",
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "min_value"),
        ("limit=1001", "max_value"),
        ("start=yesterday", "invalid"),
        ("start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z", "range_invalid"),
        ("cursor=nonsense", "candle_cursor_invalid"),
        ("cursor=%C3%A4", "candle_cursor_invalid"),
        ("cursor=__________8", "candle_cursor_invalid"),
        ("colour=red", "invalid"),
    ],
)
def test_a_bad_query_for_candles_is_refused(
    client: APIClient, series: CandleSeries, query: str, code: str
) -> None:
    answer = client.get(f"/api/v1/candle-series/{series.pk}/candles/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("start=0001-01-01T00:00:00Z", 30),
        ("end=9999-12-31T00:00:00Z", 30),
        ("start=9999-12-31T00:00:00Z", 0),
        ("end=0001-01-01T00:00:00Z", 0),
    ],
)
def test_a_range_far_beyond_the_candles_is_no_error(
    client: APIClient, series: CandleSeries, query: str, rows: int
) -> None:
    answer = client.get(f"/api/v1/candle-series/{series.pk}/candles/?{query}")
    assert len(answer.json()["results"]) == rows


def test_the_quality_report_is_that_of_series_and_file(
    client: APIClient, series: CandleSeries
) -> None:
    report = client.get(f"/api/v1/candle-series/{series.pk}/quality/").json()
    assert report["series"]["rows"] == report["last_import"]["kept"] == 30
    assert report["last_import"]["accepted"] is True


def test_series_are_listed_by_venue_symbol_and_timeframe(
    client: APIClient, series: CandleSeries
) -> None:
    for query, found in {
        "": 1,
        "?venue=Binance&symbol=btc/usdt&timeframe=1h": 1,
        "?venue=kraken": 0,
        "?timeframe=5m": 0,
    }.items():
        answer = client.get(f"/api/v1/candle-series/{query}").json()
        assert len(answer["results"]) == found


def test_rules_can_be_stated_for_an_instrument(
    client: APIClient, series: CandleSeries
) -> None:
    url = f"/api/v1/instruments/{series.instrument_id}/"
    body = {"price_tick": "0.005", "min_notional": "10"}
    answer = client.patch(url, body).json()
    assert answer["rules_source"] == "given"
    assert (answer["price_tick"], answer["min_notional"]) == ("0.005", "10")
    assert client.get(url).json() == answer
    assert client.patch(url, {}).json()["errors"][0]["code"] == "rules_invalid"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "candle-series/{series}/"),
        ("delete", "candle-series/{series}/"),
        ("get", "candle-series/{series}/quality/"),
        ("get", "candle-series/{series}/candles/"),
        ("get", "instruments/{instrument}/"),
        ("patch", "instruments/{instrument}/"),
    ],
)
def test_what_belongs_to_another_is_not_found(
    client: APIClient, method: str, path: str
) -> None:
    other = series_make(instrument__owner=user_make())
    where = path.format(series=other.pk, instrument=other.instrument_id)
    answer = getattr(client, method)(f"/api/v1/{where}", {})
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] in {
        "series_not_found",
        "instrument_not_found",
    }
    assert CandleSeries.objects.filter(pk=other.pk).exists()


def test_lists_hold_only_what_is_ones_own(client: APIClient) -> None:
    series_make()
    for path in ("candle-series", "instruments"):
        assert client.get(f"/api/v1/{path}/").json()["results"] == []


def test_nobody_is_served_without_signing_in(client: APIClient, db: None) -> None:
    client.force_authenticate(None)
    for path in ("candle-series/", "instruments/", "candle-series/import/"):
        assert client.get(f"/api/v1/{path}").status_code in {401, 403}


def test_a_series_without_its_file_is_unavailable_and_no_crash(
    client: APIClient, actor: User, data_dir: Path
) -> None:
    gone = series_make(instrument__owner=actor)
    answer = client.get(f"/api/v1/candle-series/{gone.pk}/candles/")
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["code"] == "series_file_missing"


def test_the_command_imports_a_file_and_sums_up_its_quality(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    path = csv_write(tmp_path / "candles.csv", LINES)
    out, progress = io.StringIO(), io.StringIO()
    call_command(
        "import_candles",
        str(path),
        "--venue=binance",
        "--symbol=BTC/USDT",
        "--price-tick=0.01",
        f"--user={actor.username}",
        stdout=out,
        stderr=progress,
    )
    assert "30 bars, 2024-01-01T00:00:00Z to 2024-01-02T05:00:00Z" in out.getvalue()
    assert "100%" in progress.getvalue()


@pytest.mark.parametrize(
    ("lines", "user", "words"),
    [([], None, "file_without_rows"), (LINES, "nobody", "no user 'nobody'")],
)
def test_the_command_fails_with_a_reason(
    actor: User,
    data_dir: Path,
    tmp_path: Path,
    lines: list[str],
    user: str | None,
    words: str,
) -> None:
    path = csv_write(tmp_path / "candles.csv", lines)
    with pytest.raises(CommandError, match=words):
        call_command(
            "import_candles",
            str(path),
            venue="binance",
            symbol="BTC/USDT",
            user=user,
            stderr=io.StringIO(),
        )


def test_check_data_succeeds_only_where_all_is_well(
    actor: User, data_dir: Path
) -> None:
    out = io.StringIO()
    call_command("check_data", stdout=out)
    assert "agree" in out.getvalue()
    series_make(created_at=timezone.now())
    with pytest.raises(CommandError, match="1 findings"):
        call_command("check_data", stdout=out)
    assert "file_missing" in out.getvalue()

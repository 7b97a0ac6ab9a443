"""Captured order books: imported as a job, stored whole or not at all, and read."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from apps.core.errors import Unavailable
from apps.engines import registry
from apps.engines.captures import CaptureLayout
from apps.engines.errors import CaptureInvalid
from apps.jobs.errors import JobLost
from apps.jobs.models import Job
from apps.jobs.services import job_enqueue
from apps.jobs.supervisor import WORKER
from apps.market import errors
from apps.market.models import BookCapture, Instrument
from apps.market.requests import CaptureImportRequest
from apps.market.selectors import capture_for, capture_path, data_check
from apps.market.services import CaptureSource, capture_delete, capture_import
from apps.market.services.uploads import label_of
from apps.market.tasks import run_capture_import
from apps.market.tests.captures import Context, capture_take, files, somewhere
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    from pytest_django import Settings
    from rest_framework.test import APIClient

    from apps.market.tests.captures import FakeReader
    from apps.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reader")]
CAPTURES = "/api/v1/captures/"
IMPORT = f"{CAPTURES}import/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def upload(name: str = "btcusdt.gz", content: bytes = b"lines") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def post(client: APIClient, **fields: Any) -> Any:
    data = {"file": upload(), "venue": "binance", "symbol": "BTC/USDT:USDT", **fields}
    data = {name: value for name, value in data.items() if value is not None}
    return client.post(IMPORT, data, format="multipart")


# --- the import as a job


def test_an_import_is_accepted_as_a_job_and_says_where(
    client: APIClient, data_dir: Path
) -> None:
    answer = post(client)
    job = Job.objects.get()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job.pk}/"
    assert answer.json()["kind"] == "capture.import"
    assert files(data_dir) == [f"uploads/{job.payload['uploads'][0]['id']}"]


def test_the_job_makes_the_capture_and_removes_the_upload(
    client: APIClient, data_dir: Path
) -> None:
    post(client)
    result = run_capture_import(Context(Job.objects.get()))
    where = f"{CAPTURES}{result['capture_id']}/"
    answer = client.get(where).json()
    assert (answer["venue"], answer["symbol"]) == ("binance", "BTC/USDT:USDT")
    assert (answer["label"], answer["layout"]) == ("btcusdt.gz", "binance_usdm")
    assert (answer["first"], answer["last"]) == (
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:10:00Z",
    )
    assert answer["clock_shift_ns"] == 1_272_156_851
    assert answer["findings"] == result["findings"] == ["There is no snapshot."]
    assert answer["_links"]["self"] == where
    stored = BookCapture.objects.get()
    assert files(data_dir) == [stored.path]
    content = (data_dir / stored.path).read_bytes()
    assert answer["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer["size"] == len(content)


def test_tardis_brings_its_trades_in_a_file_of_their_own(
    client: APIClient, data_dir: Path, reader: FakeReader
) -> None:
    post(client, trades=upload("trades.csv.gz"), layout="tardis")
    assert len(files(data_dir)) == 2
    run_capture_import(Context(Job.objects.get()))
    (asked,) = reader.asked
    assert [Path(one).name for one in asked.sources] == ["btcusdt.gz", "trades.csv.gz"]
    assert asked.layout is CaptureLayout.TARDIS
    assert files(data_dir) == [BookCapture.objects.get().path]


def test_a_run_after_a_crash_finds_the_upload_or_the_result(
    client: APIClient, data_dir: Path
) -> None:
    post(client)
    job = Job.objects.get()
    with pytest.raises(JobLost):
        run_capture_import(Context(job, lost=True))
    assert not BookCapture.objects.exists()
    first = run_capture_import(Context(job))
    assert run_capture_import(Context(job)) == first


def test_a_capture_that_is_refused_leaves_nothing_and_names_the_file(
    client: APIClient, data_dir: Path, reader: FakeReader
) -> None:
    reader.error = CaptureInvalid("Line 7 is cut off.", attr="sources")
    post(client)
    context = Context(Job.objects.get())
    with pytest.raises(CaptureInvalid, match="Line 7") as caught:
        run_capture_import(context)
    assert caught.value.attr == "file"
    assert files(data_dir) == []
    assert not Instrument.objects.exists()
    with pytest.raises(errors.UploadMissing, match=r"btcusdt\.gz"):
        run_capture_import(context)


def test_an_engine_that_is_down_leaves_the_upload_for_a_retry(
    client: APIClient, data_dir: Path, reader: FakeReader
) -> None:
    reader.error = Unavailable("The engine does not start.")
    post(client)
    context = Context(Job.objects.get())
    with pytest.raises(Unavailable):
        run_capture_import(context)
    reader.error = None
    assert run_capture_import(context)["rows"] == 2


def test_a_second_post_with_the_same_key_enqueues_nothing_new(
    client: APIClient, data_dir: Path
) -> None:
    client.credentials(HTTP_IDEMPOTENCY_KEY="once")
    first, second = post(client), post(client)
    assert first.json() == second.json()
    assert Job.objects.count() == 1
    assert len(files(data_dir)) == 1


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..", "unnamed"),
        (".bashrc", "bashrc"),
        ("a b/ü;c.gz", "_c.gz"),
        ("x" * 150 + ".npz", "x" * 96 + ".npz"),
    ],
)
def test_a_files_name_is_quoted_by_the_engine_and_leads_nowhere(
    actor: User, data_dir: Path, reader: FakeReader, name: str, seen: str
) -> None:
    path = data_dir.parent / "upload"
    path.write_bytes(b"lines")
    capture_import(
        actor=actor,
        sources=[CaptureSource(path, label_of(name))],
        request=CaptureImportRequest(venue="binance", symbol="BTC/USDT"),
        locate=somewhere,
    )
    (source,) = reader.asked[0].sources
    assert Path(source).name == seen
    assert Path(source).is_relative_to(data_dir / "scratch")


# --- what is refused at once


@pytest.mark.parametrize(
    ("fields", "status", "code", "attr"),
    [
        ({"file": None}, 400, "required", "file"),
        ({"file": SimpleUploadedFile("a", b"")}, 400, "empty", "file"),
        ({"file": "text"}, 400, "invalid", "file"),
        ({"layout": "okx"}, 400, "invalid_choice", "layout"),
        ({"layout": "hftbacktest", "trades": "x"}, 400, "invalid", "trades"),
        ({"venue": "no venue"}, 400, "venue_invalid", "venue"),
        ({"venue": "simulated"}, 400, "venue_invalid", "venue"),
        ({"symbol": "BTCUSDT"}, 400, "symbol_invalid", "symbol"),
        ({"price_tick": "0"}, 400, "rules_invalid", "price_tick"),
        ({"speed": "fast"}, 400, "invalid", "speed"),
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
    assert files(data_dir) == []


def test_trades_are_only_taken_beside_tardis_books(client: APIClient) -> None:
    answer = post(client, trades=upload("trades.gz"), layout="binance_usdm")
    assert answer.status_code == 400
    assert "Only Tardis" in answer.json()["errors"][0]["detail"]


def test_a_second_file_over_the_limit_leaves_nothing_of_the_first(
    client: APIClient, data_dir: Path, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    answer = post(client, trades=upload("trades.csv", b"x" * 101))
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "upload_too_large"
    assert files(data_dir) == []


def test_without_the_engine_an_import_is_unavailable_and_says_what_to_install(
    client: APIClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "version_of", lambda _: None)
    answer = post(client)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"]) == (503, "engine_unavailable")
    assert "uv sync --extra hftbacktest" in error["detail"]
    assert files(data_dir) == []


# --- reading


def test_captures_are_listed_by_venue_and_symbol(
    client: APIClient, actor: User, data_dir: Path
) -> None:
    capture_take(actor)
    for query, found in {
        "": 1,
        "?venue=Binance&symbol=btc/usdt:usdt": 1,
        "?venue=kraken": 0,
        "?symbol=ETH/USDT": 0,
    }.items():
        answer = client.get(f"{CAPTURES}{query}").json()
        assert len(answer["results"]) == found


def test_what_belongs_to_another_is_not_found_and_not_listed(
    client: APIClient, data_dir: Path
) -> None:
    other = capture_take(user_make())
    assert client.get(CAPTURES).json()["results"] == []
    for call in (client.get, client.delete):
        answer = call(f"{CAPTURES}{other.pk}/")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "capture_not_found"
    assert BookCapture.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize(
    ("start", "end", "covered"),
    [
        (0, 600, True),
        (60, 120, True),
        (-1, 60, False),
        (60, 601, False),
        (700, 800, False),
    ],
)
def test_a_capture_is_found_where_it_covers_the_whole_range(
    actor: User, data_dir: Path, start: int, end: int, *, covered: bool
) -> None:
    capture = capture_take(actor)
    found = capture_for(
        instrument=capture.instrument,
        start=BEGIN + timedelta(seconds=start),
        end=BEGIN + timedelta(seconds=end),
    )
    assert found == (capture if covered else None)


def test_of_two_captures_that_cover_a_range_the_newest_is_taken(
    actor: User, data_dir: Path, reader: FakeReader
) -> None:
    first = capture_take(actor)
    reader.prices = (100.3, 100.4)
    second = capture_take(actor)
    span = {"start": BEGIN, "end": BEGIN + timedelta(seconds=60)}
    assert capture_for(instrument=first.instrument, **span) == second
    other = capture_take(user_make())
    assert capture_for(instrument=other.instrument, **span) == other


def test_the_path_of_a_capture_is_whole_and_is_there(
    actor: User, data_dir: Path
) -> None:
    capture = capture_take(actor)
    path = capture_path(capture=capture)
    assert path.is_absolute()
    path.unlink()
    with pytest.raises(errors.CaptureFileMissing, match="import the same capture"):
        capture_path(capture=capture)


# --- deleting


def test_a_deleted_capture_takes_its_file_and_folder_with_it(
    client: APIClient,
    actor: User,
    data_dir: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    capture = capture_take(actor)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"{CAPTURES}{capture.pk}/").status_code == 204
    assert list((data_dir / "captures").iterdir()) == []
    assert client.get(f"{CAPTURES}{capture.pk}/").status_code == 404


def test_a_capture_is_not_deleted_while_a_job_plays_it(
    client: APIClient, actor: User, data_dir: Path
) -> None:
    capture = capture_take(actor)
    payload = {"capture": str(capture.pk)}
    job = job_enqueue(owner=actor, kind="market_making.run", payload=payload, now=NOW)
    answer = client.delete(f"{CAPTURES}{capture.pk}/")
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"]) == (409, "capture_in_use")
    assert str(job.pk) in error["detail"]
    Job.objects.update(state="cancelled")
    capture_delete(actor=actor, capture_id=capture.pk)
    assert not BookCapture.objects.exists()


# --- the data on disk


def test_check_data_names_each_kind_of_damage_to_captures(
    client: APIClient, actor: User, data_dir: Path, reader: FakeReader
) -> None:
    post(client)
    (waiting,) = files(data_dir)
    changed = capture_take(actor)
    (data_dir / changed.path).write_bytes(b"other bytes")
    reader.prices = (100.3, 100.4)
    missing = capture_take(actor)
    (data_dir / missing.path).unlink()
    for orphan in ("captures/a/book.npz", "uploads/x"):
        (data_dir / orphan).parent.mkdir(parents=True, exist_ok=True)
        (data_dir / orphan).touch()
    found = {
        (one.code, one.path) for one in data_check(now=datetime(2100, 1, 1, tzinfo=UTC))
    }
    assert found == {
        ("sha256_differs", changed.path),
        ("file_missing", missing.path),
        ("file_orphaned", "captures/a/book.npz"),
        ("upload_orphaned", "uploads/x"),
    }
    assert waiting not in {path for _, path in found}


# --- the command


def test_the_command_imports_a_capture_and_sums_it_up(
    actor: User, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WORKER, "resource", lambda kind, name: f"{kind} {name}")
    path = tmp_path / "book.csv.gz"
    path.write_bytes(b"lines")
    out, progress = io.StringIO(), io.StringIO()
    call_command(
        "import_capture",
        str(path),
        f"--trades={path}",
        "--venue=binance",
        "--symbol=BTC/USDT",
        "--layout=tardis",
        "--price-tick=0.1",
        stdout=out,
        stderr=progress,
    )
    assert "2 rows, 2024-01-01T00:00:00Z to 2024-01-01T00:10:00Z" in out.getvalue()
    assert "finding     There is no snapshot." in out.getvalue()
    assert "100%" in progress.getvalue()


def test_the_command_fails_with_a_reason(
    actor: User, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = str(tmp_path / "no.gz")
    names = {"venue": "binance", "symbol": "BTC/USDT", "stderr": io.StringIO()}
    with pytest.raises(CommandError, match="upload_missing"):
        call_command("import_capture", missing, **names)
    monkeypatch.setattr(registry, "version_of", lambda _: None)
    with pytest.raises(CommandError, match="engine_unavailable"):
        call_command("import_capture", missing, **names)

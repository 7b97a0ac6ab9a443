"""Candles in a bucket: what one machine stores, every other one reads."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from apps.core.files.errors import StorageUnavailable, StoredFileDamaged
from apps.core.tests.answers import error_of
from apps.jobs.models import Job
from apps.market.errors import SeriesFileMissing, UploadMissing
from apps.market.models import CandleSeries
from apps.market.requests import ImportRequest
from apps.market.selectors import bars_get, data_check
from apps.market.services import candles_import, series_delete
from apps.market.services.storing import _Storing
from apps.market.services.uploads import upload_path
from apps.market.services.work import ImportWork
from apps.market.tasks import run_import
from apps.market.tests.candles import HEADER, candles, csv_lines, csv_write
from apps.market.tests.captures import Context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.core.tests.bucket import Bucket
    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINES = csv_lines(candles(300))


class BrokenError(Exception):
    """What a test breaks."""


def take(
    actor: User, folder: Path, lines: list[str], work: ImportWork | None = None
) -> CandleSeries:
    path = csv_write(folder / "candles.csv", lines)
    request = ImportRequest("binance", "BTC/USDT")
    return candles_import(
        actor=actor, path=path, label=path.name, request=request, now=NOW, work=work
    )


def post(client: APIClient) -> Any:
    file = SimpleUploadedFile("candles.csv", "\n".join([HEADER, *LINES]).encode())
    data = {"file": file, "venue": "binance", "symbol": "BTC/USDT"}
    return client.post("/api/v1/candle-series/import/", data, format="multipart")


def files(folder: Path) -> set[str]:
    """Return what is on this machine."""
    found = (one for one in folder.rglob("*") if one.is_file())
    return {one.relative_to(folder).as_posix() for one in found}


# --- candles


def test_a_series_of_one_machine_is_read_on_another(
    client: APIClient, actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    assert bucket.paths() == {series.path}
    bucket.other_machine(tmp_path / "other")
    assert np.array_equal(bars_get(series=series).time, candles(300).time)
    page = client.get(f"/api/v1/candle-series/{series.pk}/candles/?limit=3").json()
    assert page["results"][0]["time"] == "2024-01-01T00:00:00Z"
    assert files(tmp_path / "other") == {series.path}


def test_an_import_on_another_machine_joins_what_is_stored(
    actor: User, bucket: Bucket, data_dir: Path, tmp_path: Path
) -> None:
    first = take(actor, tmp_path, LINES[:100])
    bucket.other_machine(tmp_path / "other")
    second = take(actor, tmp_path, LINES)
    assert (second.pk, second.revision) == (first.pk, 2)
    # Of the one before nothing is left, but a copy where nobody knows of the import.
    assert bucket.paths() == {second.path}
    assert files(tmp_path / "other") == {second.path}
    bucket.settings.DATA_DIR = data_dir
    assert len(bars_get(series=first)) == 100
    assert len(bars_get(series=CandleSeries.objects.get())) == 300


def test_an_import_that_was_overtaken_leaves_only_the_objects_of_rows(
    actor: User, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(actor, tmp_path, LINES[:100])
    whole = _Storing.whole

    def overtaken(storing: Any) -> Any:
        monkeypatch.setattr(_Storing, "whole", whole)
        stale = whole(storing)
        take(actor, tmp_path, LINES[200:])
        return stale

    monkeypatch.setattr(_Storing, "whole", overtaken)
    series = take(actor, tmp_path, LINES[:150])
    assert bucket.paths() == {series.path}
    bucket.other_machine(tmp_path / "other")
    assert len(bars_get(series=series)) == 250


def test_a_run_that_lost_its_job_leaves_the_old_series_in_the_bucket(
    actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    before = take(actor, tmp_path, LINES[:100])

    @contextmanager
    def lost() -> Iterator[None]:
        with transaction.atomic():
            yield
            msg = "lost"
            raise BrokenError(msg)

    with pytest.raises(BrokenError):
        take(actor, tmp_path, LINES, ImportWork(fence=lost))
    assert bucket.paths() == {before.path}
    assert CandleSeries.objects.get().path == before.path


def test_an_import_without_its_bucket_changes_nothing(
    actor: User, bucket: Bucket, data_dir: Path, tmp_path: Path
) -> None:
    before = take(actor, tmp_path, LINES[:100])
    bucket.go_down()
    with pytest.raises(StorageUnavailable):
        take(actor, tmp_path, LINES)
    bucket.come_back()
    assert bucket.paths() == files(data_dir) == {before.path}
    assert CandleSeries.objects.get().revision == 1
    assert data_check(now=datetime(2100, 1, 1, tzinfo=UTC)) == []


def test_a_deleted_series_takes_its_object_with_it(
    actor: User, bucket: Bucket, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    series_delete(actor=actor, series_id=series.pk)
    assert bucket.paths() == files(data_dir) == set()


def test_an_object_that_is_gone_or_was_changed_is_told(
    client: APIClient, actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    bucket.other_machine(tmp_path / "other")
    bucket.put(series.path, b"other bytes")
    with pytest.raises(StoredFileDamaged):
        bars_get(series=series)
    bucket.delete(series.path)
    with pytest.raises(SeriesFileMissing):
        bars_get(series=series)
    bucket.go_down()
    where = f"/api/v1/candle-series/{series.pk}/candles/"
    assert error_of(client.get(where), 503).code == "storage_unavailable"


# --- uploads


def test_what_a_web_machine_receives_a_worker_elsewhere_imports(
    client: APIClient, bucket: Bucket, data_dir: Path, tmp_path: Path
) -> None:
    assert post(client).status_code == 202
    job = Job.objects.get()
    assert bucket.paths() == {f"uploads/{job.payload['upload']}"}
    assert files(data_dir) == set()
    bucket.other_machine(tmp_path / "worker")
    result = run_import(Context(job))
    assert result["rows"] == 300
    # The upload is gone from both.
    path = CandleSeries.objects.get().path
    assert bucket.paths() == files(tmp_path / "worker") == {path}


def test_an_upload_without_its_bucket_is_refused_and_nothing_is_queued(
    client: APIClient, bucket: Bucket, data_dir: Path
) -> None:
    bucket.go_down()
    answer = post(client)
    assert error_of(answer, 503).code == "storage_unavailable"
    assert answer["Retry-After"] == "5"
    assert (Job.objects.count(), files(data_dir)) == (0, set())


def test_a_job_without_its_bucket_fails_and_can_be_run_again(
    client: APIClient, bucket: Bucket, tmp_path: Path
) -> None:
    post(client)
    context = Context(Job.objects.get())
    bucket.other_machine(tmp_path / "worker")
    bucket.go_down()
    with pytest.raises(StorageUnavailable, match="does not answer"):
        run_import(context)
    bucket.come_back()
    assert run_import(context)["rows"] == 300


def test_an_upload_that_is_gone_from_the_bucket_is_said_to_be(
    client: APIClient, bucket: Bucket
) -> None:
    post(client)
    job = Job.objects.get()
    bucket.delete(f"uploads/{job.payload['upload']}")
    with pytest.raises(UploadMissing):
        run_import(Context(job))


def test_an_upload_is_found_at_its_place_without_a_bucket_too(
    client: APIClient, data_dir: Path
) -> None:
    post(client)
    (path,) = files(data_dir)
    assert upload_path(Job.objects.get().payload["upload"]) == data_dir / path

"""Captures in a bucket, and what check_data finds there."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.market.errors import CaptureFileMissing
from apps.market.models import BookCapture
from apps.market.selectors import capture_verified, data_check
from apps.market.services import capture_delete
from apps.market.services.work import ImportWork
from apps.market.tests.captures import capture_take
from apps.market.tests.test_shared_files import LINES, files, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.core.tests.bucket import Bucket
    from apps.users.models import User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("reader"),
]
# No job can be at work any more on what is there now.
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def codes(now: datetime = LATER) -> set[tuple[str, str]]:
    return {(one.code, one.path) for one in data_check(now=now)}


def test_a_capture_of_one_machine_is_played_and_deleted_on_another(
    actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    capture = capture_take(actor)
    assert bucket.paths() == {capture.path}
    bucket.other_machine(tmp_path / "other")
    assert capture_verified(capture=capture).stat().st_size == capture.size
    capture_delete(actor=actor, capture_id=capture.pk)
    assert bucket.paths() == files(tmp_path / "other") == set()
    with pytest.raises(CaptureFileMissing):
        capture_verified(capture=capture)


def test_the_same_capture_again_puts_a_lost_object_back(
    actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    first = capture_take(actor)
    bucket.delete(first.path)
    bucket.other_machine(tmp_path / "elsewhere")
    again = capture_take(actor)
    assert (again.pk, again.path) == (first.pk, first.path)
    bucket.other_machine(tmp_path / "other")
    assert capture_verified(capture=again).is_file()


def test_a_capture_that_is_deleted_while_it_is_imported_gets_a_new_row(
    actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    first = capture_take(actor)
    runs: list[int] = []

    @contextmanager
    def fence() -> Iterator[None]:
        if not runs:
            capture_delete(actor=actor, capture_id=first.pk)
        runs.append(1)
        with transaction.atomic():
            yield

    again = capture_take(actor, work=ImportWork(fence=fence))
    assert len(runs) == 2
    assert again.pk != first.pk
    assert BookCapture.objects.get() == again
    assert bucket.paths() == {again.path}
    assert capture_verified(capture=again).is_file()


def test_check_data_finds_orphans_and_missing_objects_in_the_bucket(
    actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    series, capture = take(actor, tmp_path, LINES), capture_take(actor)
    assert codes() == set()
    bucket.delete(series.path)
    bucket.put("candles/binance/btc-usdt/1h/nobodys-1.parquet", b"x")
    bucket.put("captures/nobodys/book.npz", b"x")
    bucket.put("uploads/nobodys", b"x")
    orphans = {
        ("file_orphaned", "candles/binance/btc-usdt/1h/nobodys-1.parquet"),
        ("file_orphaned", "captures/nobodys/book.npz"),
        ("upload_orphaned", "uploads/nobodys"),
    }
    missing = ("file_missing", series.path)
    # That this machine has a copy is of no use to the others.
    assert codes() == {missing, *orphans}
    # What is young may be on its way into its row.
    assert codes(datetime.now(UTC)) == {missing}
    bucket.other_machine(tmp_path / "other")
    assert codes() == {missing, *orphans}
    bucket.delete(capture.path)
    assert codes() == {missing, ("file_missing", capture.path), *orphans}


def test_check_data_looks_into_the_copies_on_its_machine(
    actor: User, bucket: Bucket, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    (data_dir / series.path).write_bytes(b"other bytes")
    assert codes() == {("sha256_differs", series.path)}


def test_check_data_says_that_the_bucket_is_down(bucket: Bucket) -> None:
    bucket.go_down()
    with pytest.raises(CommandError, match="does not answer"):
        call_command("check_data")

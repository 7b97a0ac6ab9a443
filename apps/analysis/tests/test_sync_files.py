"""The command that brings a machine's files and the bucket together."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from apps.analysis.selectors import results_check
from apps.analysis.tests.asking import stored as backtest_stored
from apps.core.files import file_path

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.core.tests.bucket import Bucket
    from apps.market.models import CandleSeries

pytestmark = pytest.mark.django_db
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def synced(*arguments: str) -> str:
    out = io.StringIO()
    call_command("sync_files", *arguments, stdout=out)
    return out.getvalue()


def test_what_was_stored_before_there_was_a_bucket_is_uploaded(
    bucket: Bucket, done: str, tmp_path: Path, client: APIClient
) -> None:
    for path in bucket.paths():
        bucket.delete(path)
    assert {one.code for one in results_check(now=LATER)} == {"file_missing"}
    told = synced()
    assert "candles             1 uploaded" in told
    assert "backtests           2 uploaded" in told
    assert "copies" not in told
    assert results_check(now=LATER) == []
    assert "1 uploaded" not in synced()
    bucket.other_machine(tmp_path / "web")
    assert client.get(f"{done}trades/").status_code == 200


def test_copies_that_the_bucket_has_are_removed_when_they_are_old(
    bucket: Bucket, done: str, series: CandleSeries, client: APIClient
) -> None:
    run = backtest_stored(done).runs.get()
    trades, equity = (
        file_path(f"{run.path}/{name}.parquet") for name in ("trades", "equity")
    )
    ago = datetime.now(UTC).timestamp() - 8 * 86_400
    os.utime(trades, (ago, ago))
    damaged = file_path(series.path)
    damaged.write_bytes(b"other bytes")
    os.utime(damaged, (ago, ago))
    assert "backtests           0 uploaded      1 copies removed" in synced(
        "--trim-days=7"
    )
    assert (trades.exists(), equity.exists(), damaged.exists()) == (False, True, True)
    assert client.get(f"{done}trades/").status_code == 200
    assert trades.exists()


def test_the_command_refuses_what_makes_no_sense(bucket: Bucket) -> None:
    with pytest.raises(CommandError, match="must be 1 or more"):
        synced("--trim-days=0")
    bucket.go_down()
    with pytest.raises(CommandError, match=r"does not answer .*storage_unavailable"):
        synced()
    bucket.settings.S3_BUCKET = ""
    with pytest.raises(CommandError, match="set S3_BUCKET"):
        synced()


def test_only_what_a_row_names_is_uploaded(
    bucket: Bucket, series: CandleSeries
) -> None:
    stale = [
        file_path(f"{Path(series.path).parent}/replaced.parquet"),
        file_path("backtests/deleted/trades.parquet"),
        file_path("uploads/half"),
    ]
    for one in stale:
        one.parent.mkdir(parents=True, exist_ok=True)
        one.write_bytes(b"of another time")
    bucket.delete(series.path)
    told = synced()
    assert bucket.paths() == {series.path}
    assert "candles             1 uploaded" in told
    assert all(one.exists() for one in stale)


def old(path: str) -> Path:
    """Write a file that nobody has used for eight days."""
    local = file_path(path)
    local.parent.mkdir(parents=True, exist_ok=True)
    local.write_bytes(b"of another time")
    ago = datetime.now(UTC).timestamp() - 8 * 86_400
    os.utime(local, (ago, ago))
    return local


def test_old_copies_that_nothing_names_are_removed(
    bucket: Bucket, series: CandleSeries
) -> None:
    stale, upload = old("backtests/deleted/trades.parquet"), old("uploads/waits")
    young = old("backtests/deleted/equity.parquet")
    os.utime(young)
    assert "backtests           0 uploaded      1 copies removed" in synced(
        "--trim-days=7"
    )
    assert (stale.exists(), young.exists(), upload.exists()) == (False, True, True)
    assert bucket.paths() == {series.path}


@pytest.mark.usefixtures("bucket")
def test_where_no_row_names_a_file_nothing_is_removed_as_unnamed() -> None:
    # As with a database that was not restored yet.
    kept = old("backtests/unknown/trades.parquet")
    synced("--trim-days=7")
    assert kept.exists()

"""The command that brings a machine's files and the bucket together."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from apps.analysis.selectors import results_check
from apps.analysis.tests.asking import stored as backtest_stored
from apps.core.files import file_path

if TYPE_CHECKING:
    from pathlib import Path

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

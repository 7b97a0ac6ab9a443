"""A series' file for whoever wants to take it along, from here or from a bucket."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pyarrow.parquet as pq
import pytest

from apps.core.tests.answers import error_of
from apps.market.requests import ImportRequest
from apps.market.services import candles_import
from apps.market.tests.candles import candles, csv_lines, csv_write
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.core.tests.bucket import Bucket
    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db
PARQUET = "application/vnd.apache.parquet"
NAME = 'attachment; filename="binance-btc-usdt-1h.parquet"'


def take(actor: User, folder: Path) -> CandleSeries:
    return candles_import(
        actor=actor,
        path=csv_write(folder / "candles.csv", csv_lines(candles(300))),
        label="candles.csv",
        request=ImportRequest("binance", "BTC/USDT"),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def where(series: CandleSeries) -> str:
    return f"/api/v1/candle-series/{series.pk}/download/"


def test_the_file_is_sent_as_it_is_stored(
    client: APIClient, actor: User, tmp_path: Path
) -> None:
    series = take(actor, tmp_path)
    answer = client.get(where(series), headers={"Accept": PARQUET})
    content = b"".join(answer)
    assert answer.status_code == 200
    assert hashlib.sha256(content).hexdigest() == series.sha256
    assert answer["ETag"] == f'"{series.sha256}"'
    assert answer["Content-Type"] == PARQUET
    assert answer["Content-Disposition"] == NAME
    assert answer["Content-Length"] == str(len(content))
    table = pq.read_table(io.BytesIO(content))
    assert table.column_names == ["time", "open", "high", "low", "close", "volume"]
    assert table.num_rows == 300


def test_from_a_bucket_the_answer_leads_to_the_very_bytes(
    client: APIClient, actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    series = take(actor, tmp_path)
    # The machine that answers need not have the file.
    bucket.other_machine(tmp_path / "web")
    answer = client.get(where(series))
    assert answer.status_code == 302
    assert answer["ETag"] == f'"{series.sha256}"'
    assert parse_qs(urlsplit(answer["Location"]).query)["X-Amz-Expires"] == ["60"]
    assert list((tmp_path / "web").iterdir()) == []
    # Without any right of the API's.
    found = httpx.get(answer["Location"], timeout=30)
    assert hashlib.sha256(found.content).hexdigest() == series.sha256
    assert found.headers["Content-Disposition"] == NAME
    assert found.headers["Content-Type"] == PARQUET


@pytest.mark.parametrize("shared", [False, True])
def test_who_has_the_file_already_is_told_so(
    client: APIClient,
    actor: User,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    *,
    shared: bool,
) -> None:
    if shared:
        request.getfixturevalue("bucket")
    series = take(actor, tmp_path)
    answer = client.get(where(series), headers={"If-None-Match": f'"{series.sha256}"'})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_file_of_another_is_not_found(client: APIClient, tmp_path: Path) -> None:
    other = take(user_make(), tmp_path)
    assert error_of(client.get(where(other)), 404).code == "series_not_found"


def test_a_file_that_is_gone_is_said_to_be(
    client: APIClient, actor: User, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path)
    (data_dir / series.path).unlink()
    answer = client.get(where(series), headers={"Accept": PARQUET})
    assert error_of(answer, 503).code == "series_file_missing"


def test_an_object_that_is_gone_gets_no_link(
    client: APIClient, actor: User, bucket: Bucket, tmp_path: Path
) -> None:
    series = take(actor, tmp_path)
    bucket.delete(series.path)
    assert error_of(client.get(where(series)), 503).code == "series_file_missing"
    bucket.go_down()
    assert error_of(client.get(where(series)), 503).code == "storage_unavailable"

"""Candles by `Accept`: one address, the same candles as JSON, CSV, Arrow or Parquet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.core.tests.answers import error_of
from apps.market.batches import BATCH_ROWS, CandleBatch
from apps.market.requests import ImportRequest
from apps.market.services import candles_import
from apps.market.tests.candles import START, candles, csv_lines, csv_write
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    from pathlib import Path

    from rest_framework.test import APIClient

    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
KINDS = {CSV: "csv", ARROW: "arrows", PARQUET: "parquet"}
MINUTE = 60_000_000_000


def take(actor: User, folder: Path, batch: CandleBatch) -> CandleSeries:
    return candles_import(
        actor=actor,
        path=csv_write(folder / "candles.csv", csv_lines(batch)),
        label="candles.csv",
        request=ImportRequest("binance", "BTC/USDT"),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def where(series: CandleSeries, query: str = "") -> str:
    return f"/api/v1/candle-series/{series.pk}/candles/{query}"


def ask(client: APIClient, series: CandleSeries, kind: str, query: str = "") -> Any:
    return client.get(where(series, query), headers={"Accept": kind})


def table_of(kind: str, content: bytes) -> pa.Table:
    if kind == ARROW:
        with pa.ipc.open_stream(content) as stream:
            return stream.read_all()
    if kind == PARQUET:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            return file.read()
    rows = list(csv.reader(io.StringIO(content.decode())))
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
    time = [one.removesuffix("Z") for one in columns.pop("time")]
    ns = np.array(time, "datetime64[ns]").astype(np.int64)
    floats = {name: [float(one) for one in cells] for name, cells in columns.items()}
    return pa.table({"time": pa.array(ns).cast(pa.timestamp("ns", "UTC")), **floats})


def assert_holds(table: pa.Table, batch: CandleBatch) -> None:
    names = ["time", "open", "high", "low", "close", "volume"]
    assert table.column_names == names
    assert table["time"].type == pa.timestamp("ns", "UTC")
    time = table["time"].cast(pa.int64()).to_numpy()
    assert np.array_equal(time, batch.time)
    for name, values in zip(names[1:], batch.values, strict=True):
        assert np.array_equal(table[name].to_numpy(), values), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_series_is_sent_in_the_kind_that_is_asked_for(
    client: APIClient, actor: User, tmp_path: Path, kind: str
) -> None:
    batch = candles(3_000)
    series = take(actor, tmp_path, batch)
    answer = ask(client, series, kind)
    assert answer.status_code == 200
    assert answer["Content-Type"].split(";")[0] == kind
    assert answer["Content-Disposition"] == (
        f'attachment; filename="binance-btc-usdt-1h.{KINDS[kind]}"'
    )
    assert answer["Vary"].startswith("Accept")
    assert_holds(table_of(kind, b"".join(answer)), batch)


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_is_cut_at_its_candles_over_the_edges_of_row_groups(
    client: APIClient, actor: User, tmp_path: Path, kind: str
) -> None:
    batch = candles(2 * BATCH_ROWS + 100, step=MINUTE)
    series = take(actor, tmp_path, batch)
    first, last = BATCH_ROWS - 7, 2 * BATCH_ROWS + 11
    start, end = (
        datetime.fromtimestamp((START + row * MINUTE) / 1e9, UTC).isoformat()
        for row in (first, last)
    )
    query = f"?start={start}&end={end}".replace("+00:00", "Z")
    pieces = list(ask(client, series, kind, query))
    # A piece is no more than a row group, and so is what was read for it.
    assert len(pieces) >= 3
    assert_holds(table_of(kind, b"".join(pieces)), batch.rows(first, last))


def test_csv_has_plain_exact_numbers_where_prices_are_tiny(
    client: APIClient, actor: User, tmp_path: Path
) -> None:
    small = np.array([1e-8, 2.5e-8, 1e-8, 2e-8, 1.5e-7])
    batch = CandleBatch(
        START + MINUTE * np.arange(3, dtype=np.int64), np.stack([small] * 3, axis=1)
    )
    series = take(actor, tmp_path, batch)
    lines = b"".join(ask(client, series, CSV)).decode().splitlines()
    assert lines[0] == "time,open,high,low,close,volume"
    assert lines[1] == (
        "2024-01-01T00:00:00Z,0.00000001,0.000000025,0.00000001,0.00000002,0.00000015"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_without_candles_is_a_whole_file_without_rows(
    client: APIClient, actor: User, tmp_path: Path, kind: str
) -> None:
    series = take(actor, tmp_path, candles(10))
    answer = ask(client, series, kind, "?start=2030-01-01T00:00:00Z")
    content = b"".join(answer)
    assert answer.status_code == 200
    if kind == CSV:
        assert content == b"time,open,high,low,close,volume\n"
    else:
        assert table_of(kind, content).num_rows == 0


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html, */*"])
def test_who_asks_for_nothing_else_gets_a_page_of_json(
    client: APIClient, actor: User, tmp_path: Path, accept: str | None
) -> None:
    series = take(actor, tmp_path, candles(10))
    headers = {"Accept": accept} if accept else {}
    answer = client.get(where(series, "?limit=3"), headers=headers)
    assert answer["Content-Type"] == "application/json"
    assert len(answer.json()["results"]) == 3


def test_what_cannot_be_made_is_refused_with_406_in_json(
    client: APIClient, actor: User, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, candles(10))
    assert error_of(ask(client, series, "image/png"), 406).code == "not_acceptable"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", ["limit", "cursor"])
def test_pages_are_not_made_of_files(
    client: APIClient, actor: User, tmp_path: Path, kind: str, page: str
) -> None:
    series = take(actor, tmp_path, candles(10))
    error = error_of(ask(client, series, kind, f"?{page}=10"), 400)
    assert (error.code, error.attr) == ("pages_of_file", page)


@pytest.mark.parametrize("kind", [*KINDS, "application/json"])
def test_who_has_it_already_is_told_so_until_it_changes(
    client: APIClient, actor: User, tmp_path: Path, kind: str
) -> None:
    batch = candles(20)
    series = take(actor, tmp_path, batch.rows(0, 10))
    tag = ask(client, series, kind)["ETag"]
    headers = {"Accept": kind, "If-None-Match": tag}
    again = client.get(where(series), headers=headers)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    # Another range, another kind and another content are something else.
    ranged = client.get(where(series, "?end=2024-01-01T05:00:00Z"), headers=headers)
    assert ranged.status_code == 200
    other = CSV if kind != CSV else ARROW
    assert ask(client, series, other)["ETag"] != tag
    take(actor, tmp_path, batch)
    assert client.get(where(series), headers=headers).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_json_whatever_was_asked_for(
    client: APIClient, actor: User, tmp_path: Path, data_dir: Path, kind: str
) -> None:
    series = take(actor, tmp_path, candles(10))
    wrong = "?start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z"
    assert error_of(ask(client, series, kind, wrong), 400).code == "range_invalid"
    (data_dir / series.path).unlink()
    assert error_of(ask(client, series, kind), 503).code == "series_file_missing"
    other = take(user_make(), tmp_path, candles(10))
    assert error_of(ask(client, other, kind), 404).code == "series_not_found"


def test_a_download_goes_on_when_the_series_is_replaced_meanwhile(
    client: APIClient, actor: User, tmp_path: Path, data_dir: Path
) -> None:
    batch = candles(2 * BATCH_ROWS, step=MINUTE)
    series = take(actor, tmp_path, batch)
    pieces = iter(ask(client, series, ARROW))
    begun = next(pieces)
    (data_dir / series.path).unlink()
    content = begun + b"".join(pieces)
    assert_holds(table_of(ARROW, content), batch)

"""Results by `Accept`: the rows of a page of JSON, all of them, as a file."""

from __future__ import annotations

import csv
import io
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.analysis.models import EngineRun
from apps.analysis.tests.factories import BARS
from apps.core.files import file_path
from apps.core.tests.answers import client_of, error_of
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
PARTS = ["trades/", "equity/"]
NUMBERS = {"entry_bar", "exit_bar", "gaps"}
WORDS = {"side", "exit_reason"}


def ask(client: APIClient, where: str, kind: str, **query: Any) -> Any:
    return client.get(where, query, headers={"Accept": kind})


def rows_of(kind: str, content: bytes) -> list[dict[str, Any]]:
    """Return a file's rows as a page of JSON has them."""
    if kind == CSV:
        found = csv.DictReader(io.StringIO(content.decode()))
        return [
            {name: _parsed(name, cell) for name, cell in row.items()} for row in found
        ]
    if kind == ARROW:
        with pa.ipc.open_stream(content) as stream:
            table = stream.read_all()
    else:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            table = file.read()
    return [
        {name: _told(name, value) for name, value in row.items()}
        for row in table.to_pylist()
    ]


def _parsed(name: str, cell: str) -> Any:
    if name.endswith("time"):
        return cell.replace("Z", ".000000Z")
    if name in WORDS:
        return cell
    return int(cell) if name in NUMBERS else float(cell)


def _told(name: str, value: Any) -> Any:
    if name.endswith("time"):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


@pytest.mark.parametrize("kind", [CSV, ARROW, PARQUET])
@pytest.mark.parametrize("part", PARTS)
def test_a_file_has_the_rows_and_columns_of_the_pages(
    client: APIClient, done: str, part: str, kind: str
) -> None:
    pages = client.get(done + part, {"limit": 5_000}).json()["results"]
    answer = ask(client, done + part, kind)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith(
        f'attachment; filename="{part[:-1]}-reference.'
    )
    found = rows_of(kind, b"".join(answer))
    assert found == pages
    assert list(found[0]) == list(pages[0])
    assert part == "trades/" or len(found) == BARS


@pytest.mark.parametrize("part", PARTS)
def test_who_has_it_already_is_told_so(client: APIClient, done: str, part: str) -> None:
    for kind in (CSV, "application/json"):
        tag = ask(client, done + part, kind)["ETag"]
        headers = {"Accept": kind, "If-None-Match": tag}
        assert client.get(done + part, headers=headers).status_code == 304
    other = client.get(done + part, {"offset": 1}, headers=headers)
    assert other.status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_what_is_wrong_is_told_in_json(client: APIClient, done: str, part: str) -> None:
    paged = error_of(ask(client, done + part, CSV, offset=3), 400)
    assert (paged.code, paged.attr) == ("pages_of_file", "offset")
    assert error_of(ask(client, done + part, "image/png"), 406).code == "not_acceptable"
    other = ask(client_of(user_make()), done + part, PARQUET)
    assert error_of(other, 404).code == "backtest_not_found"
    run = EngineRun.objects.get()
    for name in ("trades", "equity"):
        file_path(f"{run.path}/{name}.parquet").write_bytes(b"not parquet")
    assert error_of(ask(client, done + part, ARROW), 503).code == "result_missing"

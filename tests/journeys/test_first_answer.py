"""From a file of candles to two engines' verdicts, over HTTP, on the running service."""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.journeys import books
from tests.journeys.owned import (
    MISSING,
    account_make,
    body_for,
    money_make,
    schedule_make,
    watchlist_make,
)
from tests.journeys.service import LEASE_SECONDS, ROOT, follow, service_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.journeys.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_run(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def ada(service: Service) -> Iterator[httpx.Client]:
    with service.client("ada") as client:
        yield client


@pytest.fixture(scope="module")
def series(ada: httpx.Client) -> str:
    """A year of hourly candles, uploaded as a CSV."""
    job = upload(ada, candles(24 * 365))
    assert job["state"] == "succeeded", job
    return str(job["result"]["series_id"])


@pytest.fixture(scope="module")
def strategy(ada: httpx.Client) -> str:
    answer = ada.post("/api/v1/strategies/", json={"template": "rsi_mean_reversion"})
    assert answer.status_code == 201, answer.text
    definition = answer.json()["definition"] | {"timeframe": "1h"}
    where = f"/api/v1/strategies/{answer.json()['id']}/"
    assert ada.put(where, json={"definition": definition}).status_code == 200
    return str(answer.json()["id"])


def candles(size: int) -> str:
    """Return a CSV of made-up candles that swing enough to be traded."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("time", "open", "high", "low", "close", "volume"))
    price = 10_000
    dice = random.Random(7)  # noqa: S311 - made-up prices, no secret
    for bar in range(size):
        close = max(100, price + dice.randint(-120, 120))
        high, low = max(price, close) + bar % 13, min(price, close) - bar % 17
        rows.writerow(
            (1_600_000_000 // 3600 * 3600 + bar * 3600, price, high, low, close, 3)
        )
        price = close
    return text.getvalue()


def upload(client: httpx.Client, text: str, **form: str) -> dict[str, Any]:
    fields = {"venue": "binance", "symbol": "BTC/USDT"} | form
    files = {"file": ("candles.csv", text.encode())}
    answer = client.post("/api/v1/candle-series/import/", data=fields, files=files)
    assert answer.status_code == 202, answer.text
    return follow(client, answer.headers["Location"])


def backtest(
    client: httpx.Client, series: str, strategy: str, *engines: str
) -> dict[str, Any]:
    body = {"series": series, "strategy": strategy, "engines": list(engines)}
    answer = client.post("/api/v1/backtests/", json=body)
    assert answer.status_code == 202, answer.text
    asked: dict[str, Any] = answer.json()
    return asked


def test_two_engines_judge_one_strategy_and_agree_trade_by_trade(
    ada: httpx.Client, series: str, strategy: str
) -> None:
    asked = backtest(ada, series, strategy, "reference", "vectorbt")
    job = follow(ada, asked["_links"]["job"])
    assert job["state"] == "succeeded", job
    done = ada.get(asked["_links"]["self"]).json()
    assert [run["state"] for run in done["runs"]] == ["succeeded", "succeeded"]
    first, second = (
        ada.get(asked["_links"]["trades"], params={"engine": engine}).json()["results"]
        for engine in ("reference", "vectorbt")
    )
    assert len(first) > 10
    assert first == second
    equity = ada.get(asked["_links"]["equity"], params={"limit": 5000}).json()
    assert equity["results"][0]["equity"] == 10_000
    assert done["provenance"]["inputs"]["data"]
    chart = next(
        one["_links"]["self"]
        for one in ada.get("/api/v1/jobs/?kind=backtest.chart").json()["results"]
        if one
    )
    assert follow(ada, chart)["state"] == "succeeded"
    picture = ada.get(asked["_links"]["chart"], params={"theme": "dark"})
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_the_same_question_again_gives_the_same_answer(
    ada: httpx.Client, series: str, strategy: str
) -> None:
    answers = []
    for _ in range(2):
        asked = backtest(ada, series, strategy, "reference")
        follow(ada, asked["_links"]["job"])
        done = ada.get(asked["_links"]["self"]).json()
        answers.append((done["content_hash"], done["runs"][0]["result_hash"]))
    assert answers[0] == answers[1]
    assert all(answers[0])


def test_a_backtest_survives_the_death_of_its_worker(
    service: Service, ada: httpx.Client, series: str, strategy: str
) -> None:
    asked = backtest(ada, series, strategy, "reference")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if ada.get(asked["_links"]["job"]).json()["state"] != "queued":
            break
    service.worker().send_signal(signal.SIGKILL)
    killed = time.monotonic()
    job = follow(ada, asked["_links"]["job"])
    assert job["state"] == "succeeded", job
    assert job["attempt"] in {1, 2}
    if job["attempt"] == 2:
        # The lease, two seconds, and a cold engine's start.
        assert time.monotonic() - killed < LEASE_SECONDS + 2 + 15
    runs = ada.get(asked["_links"]["self"]).json()["runs"]
    assert [run["engine"] for run in runs] == ["reference"]


def test_a_defective_file_is_refused_with_its_findings_and_leaves_nothing(
    ada: httpx.Client,
) -> None:
    lines = candles(100).splitlines()
    lines[50] = re.sub(r",\d+,\d+$", ",1000000,3", lines[50])
    before = ada.get("/api/v1/candle-series/").json()["results"]
    job = upload(ada, "\n".join(lines), symbol="ETH/USDT")
    assert job["state"] == "failed"
    assert "impossible" in job["error"]["detail"]
    assert ada.get("/api/v1/candle-series/").json()["results"] == before


def test_an_upload_over_the_limit_is_refused_before_it_is_read(
    ada: httpx.Client,
) -> None:
    answer = ada.post(
        "/api/v1/candle-series/import/",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        content=(b"x" * 65536 for _ in range(2048)),
    )
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "too_large"


def test_what_lies_on_disk_is_what_the_database_says(service: Service) -> None:
    done = service.manage("check_data")
    assert done.returncode == 0, done.stdout + done.stderr


def _operations() -> list[tuple[str, str]]:
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    return [
        (method, path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/api/v1/")
    ]


@pytest.mark.parametrize(("method", "path"), _operations())
def test_no_operation_answers_a_stranger(
    service: Service, ada: httpx.Client, method: str, path: str
) -> None:
    open_to_all = ("/auth/login", "/auth/csrf", "/auth/token/", "/auth/session")
    if any(part in path for part in open_to_all) and "revoke" not in path:
        pytest.skip("open to all by design")
    where = re.sub(r"\{[^}]+\}", MISSING, path.replace("{number}", "1"))
    headers = {"Authorization": ""}
    answer = ada.request(method, f"{service.address}{where}", headers=headers)
    assert answer.status_code == 401, answer.text
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path"),
    # An exchange is nobody's.
    [one for one in _operations() if "{" in one[1].replace("{exchange}", "")],
)
def test_nobody_reaches_what_is_not_theirs(
    ada: httpx.Client,
    eve: httpx.Client,
    series: str,
    strategy: str,
    adas: dict[str, str],
    method: str,
    path: str,
) -> None:
    where = path.format(
        **adas, series_id=series, strategy_id=strategy, number=1, name="no-such"
    )
    sent: dict[str, Any] = {"json": body_for(path), "headers": {"If-Match": "*"}}
    if path.endswith("/compare/"):
        sent = {"files": {"file": ("trades.csv", b"x")}}
    if path.endswith("/export/"):
        sent = {"params": {"engine": "vectorbt"}}
    answer = eve.request(method, where, **sent)
    assert answer.status_code == 404, (where, answer.status_code, answer.text)


@pytest.fixture(scope="module")
def eve(service: Service) -> Iterator[httpx.Client]:
    with service.client("eve") as client:
        yield client


@pytest.fixture(scope="module")
def adas(
    ada: httpx.Client,
    series: str,
    strategy: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """The ids of what Ada owns."""
    if books.MISSING is not None:
        pytest.skip(books.MISSING)
    asked = backtest(ada, series, strategy, "reference")
    job = asked["_links"]["job"].strip("/").split("/")[-1]
    instruments = ada.get("/api/v1/instruments/").json()["results"]
    both = {
        "series": series,
        "strategy": strategy,
        "engines": ["reference", "vectorbt"],
    }
    parity = ada.post("/api/v1/parity/", json=both)
    assert parity.status_code == 202, parity.text
    feed = b"".join(books.feed_lines(tmp_path_factory.mktemp("feed")))
    capture = books.imported(ada, gzip.compress(feed))["result"]["capture_id"]
    making = books.quoted(ada, capture)
    assert making.status_code == 202, making.text
    key = ada.post("/api/v1/api-keys/", json={"name": "Ada's", "scopes": ["read"]})
    assert key.status_code == 201, key.text
    watchlist, item = watchlist_make(ada)
    account = account_make(ada)
    return {
        "account_id": account,
        **money_make(ada, account),
        # An order needs a price: the trading room's own tests have it.
        "order_id": MISSING,
        "client_order_id": "no-such",
        "watchlist_id": watchlist,
        "item_id": item,
        "schedule_id": schedule_make(ada, series),
        # Both need an exchange: the market room's own tests have them.
        "recording_id": MISSING,
        "day_id": MISSING,
        "api_key_id": key.json()["id"],
        "parity_id": parity.json()["id"],
        "capture_id": capture,
        "market_making_id": making.json()["id"],
        "backtest_id": asked["id"],
        "job_id": job,
        "instrument_id": instruments[0]["id"],
    }

"""Comparing lists from elsewhere with a backtest: a CSV, and freqtrade's results."""

from __future__ import annotations

import errno
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.analysis.enums import RunMode
from apps.analysis.errors import (
    BacktestNotFinished,
    NotReproducible,
    ResultMissing,
    TradeListInvalid,
)
from apps.analysis.models import ParityRun
from apps.analysis.selectors import matches_page, parity_folder
from apps.analysis.services import again
from apps.analysis.services.compare_run import compare_run
from apps.analysis.services.tidy import parity_delete
from apps.analysis.tests.asking import run, stored as backtest_stored
from apps.analysis.tests.comparing import (
    PARITY,
    compare_ask,
    compare_do,
    parity_surroundings,
    trades_csv,
)
from apps.analysis.tests.factories import backtest_make, job_end, strategy_make
from apps.core.files.errors import StorageFull
from apps.core.tests.answers import client_of, error_of
from apps.market.errors import UploadTooLarge
from apps.market.services import series_delete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rest_framework.test import APIClient

    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def trades(client: APIClient, done: str) -> list[dict[str, Any]]:
    """What the reference engine made of the backtest, as a client gets it."""
    rows: list[dict[str, Any]] = client.get(f"{done}trades/").json()["results"]
    assert len(rows) > 5
    return rows


@pytest.fixture
def finished(done: str) -> Backtest:
    return backtest_stored(done)


def freqtrade_json(trades: list[dict[str, Any]], fee: float = 0.001) -> str:
    """Return trades as freqtrade exports them, as far as it says what we compare."""
    rows = [
        {
            "pair": "BTC/USDT",
            "amount": row["quantity"],
            "open_rate": row["entry_price"],
            "close_rate": row["exit_price"],
            "open_timestamp": _milliseconds(row["entry_time"]),
            "close_timestamp": _milliseconds(row["exit_time"]),
            "fee_open": fee,
            "fee_close": fee,
            "profit_abs": row["profit"],
            "exit_reason": "force_exit"
            if row["exit_reason"] == "end_of_data"
            else "exit_signal",
            "is_short": False,
        }
        for row in trades
    ]
    return json.dumps({"strategy": {"Mine": {"trades": rows}}})


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1_000)


# --- the same matcher


def test_our_own_trades_sent_back_as_csv_agree(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    found = compare_do(compare_ask(user, finished, trades_csv(trades)), pool)

    assert found.verdict == "agree"
    (pair,) = found.report["pairs"]
    assert (pair["first"], pair["second"]) == ("import", "reference")
    assert pair["agreement"]["profits"] == len(trades)
    imported = found.report["participants"][0]
    assert (imported["mode"], imported["trades"]) == ("imported", len(trades))
    assert imported["notes"] == ["Read as csv."]


def test_freqtrades_own_results_are_compared_by_the_same_matcher(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    found = compare_do(compare_ask(user, finished, freqtrade_json(trades)), pool)

    assert found.verdict == "agree"
    assert found.report["participants"][0]["notes"] == ["Read as freqtrade Mine."]


def test_a_trade_that_is_missing_and_one_at_another_price_are_found_and_named(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    dear = trades[3] | {"entry_price": trades[3]["entry_price"] * 1.01}
    changed = [*trades[:3], dear, *trades[5:]]

    found = compare_do(compare_ask(user, finished, trades_csv(changed)), pool)

    assert found.verdict == "differ"
    (pair,) = found.report["pairs"]
    assert (pair["only_first"], pair["only_second"]) == (0, 1)
    page = matches_page(
        parity=found, first="import", second=None, differing=True, offset=0, limit=9
    )
    assert [row["cause"] for row in page.rows] == ["fill_price", "signal"]
    assert page.rows[1]["first"] is None
    assert found.report["first_divergence"]["time"] == trades[3]["entry_time"]


def test_what_a_list_does_not_say_is_not_held_against_it(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    few = ("entry_time", "exit_time", "quantity", "entry_price", "exit_price")

    found = compare_do(compare_ask(user, finished, trades_csv(trades, few)), pool)

    assert found.verdict == "agree"
    assert found.report["participants"][0]["profit"] is None
    page = client_of(user).get(f"{PARITY}{found.pk}/matches/").json()
    assert [
        (row["first"]["profit"], row["first"]["fees"]) for row in page["results"]
    ] == [(None, None)] * len(trades)


def test_a_trade_at_a_time_without_a_bar_differs_by_its_data(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    before = trades[0] | {
        "entry_time": "2019-01-01T00:00:00Z",
        "exit_time": "2019-01-02T00:00:00Z",
    }

    found = compare_do(compare_ask(user, finished, trades_csv([before])), pool)

    assert found.verdict == "differ"
    assert "data" in found.report["pairs"][0]["causes"]


def test_a_native_runs_own_signals_are_not_guessed(
    user: User, two_engines: EnginePool
) -> None:
    own = strategy_make(
        user,
        indicators={"r": {"indicator": "rsi", "parameters": {"period": 14}}},
        parameters={},
        entry={"long": "crosses_below(r, 45)"},
        exit={"long": "crosses_above(r, 55)"},
    )
    native = run(
        backtest_make(user, strategy=own, engines=("vectorbt",), mode=RunMode.NATIVE),
        two_engines,
    )
    job_end(native.job)
    address = f"/api/v1/backtests/{native.pk}/trades/"
    made = client_of(user).get(address).json()["results"]
    assert len(made) > 3
    dear = [
        row | {"entry_price": row["entry_price"] + 50, "profit": ""} for row in made
    ]

    found = compare_do(compare_ask(user, native, trades_csv(dear)), two_engines)

    # It entered on those very bars, by signals that are its own.
    assert found.report["pairs"][0]["causes"] == {"fill_price": len(made)}


# --- what cannot be compared


def test_a_list_that_cannot_be_read_fails_with_the_line(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    bad = [*trades[:2], trades[2] | {"quantity": "many"}]
    parity = compare_ask(user, finished, trades_csv(bad))

    with pytest.raises(TradeListInvalid, match="Line 4, column 'quantity': 'many'"):
        compare_run(context=parity_surroundings(parity, pool))

    parity.refresh_from_db()
    assert parity.verdict == ""


def test_a_backtest_without_a_result_has_nothing_to_compare_with(
    user: User, backtest: Backtest
) -> None:
    with pytest.raises(BacktestNotFinished):
        compare_ask(user, backtest, "x")

    assert not ParityRun.objects.exists()


def test_without_its_series_there_are_no_bars_to_compare_on(
    user: User, finished: Backtest
) -> None:
    assert finished.series is not None
    series_delete(actor=user, series_id=finished.series.pk)

    with pytest.raises(NotReproducible, match="series was deleted"):
        compare_ask(user, finished, "x")


def test_a_list_that_is_gone_is_said_to_be(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    parity = compare_ask(user, finished, trades_csv(trades))
    (parity_folder(parity.pk) / parity.imported).unlink()

    with pytest.raises(ResultMissing, match="send it again"):
        compare_run(context=parity_surroundings(parity, pool))


def test_a_list_that_is_too_large_is_refused_and_not_kept(
    user: User, finished: Backtest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "MOST_BYTES", 10)

    with pytest.raises(UploadTooLarge, match="at most"):
        compare_ask(user, finished, "x" * 11)

    assert not ParityRun.objects.exists()


def test_a_disk_without_room_leaves_nothing_of_a_list(
    user: User, finished: Backtest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(
        self: SimpleUploadedFile, chunk_size: int | None = None
    ) -> Iterator[bytes]:
        yield b"some"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SimpleUploadedFile, "chunks", full)

    with pytest.raises(StorageFull):
        compare_ask(user, finished, "x")

    assert not ParityRun.objects.exists()
    assert list((Path(settings.DATA_DIR) / "parity").iterdir()) == []


def test_deleting_a_comparison_leaves_the_backtest_that_it_was_with(
    user: User, finished: Backtest, trades: list[dict[str, Any]], pool: EnginePool
) -> None:
    parity = compare_do(compare_ask(user, finished, trades_csv(trades)), pool)

    parity_delete(actor=user, parity_id=parity.pk)

    assert not ParityRun.objects.exists()
    finished.refresh_from_db()
    assert finished.runs.get().trades == len(trades)


# --- over HTTP


def test_a_list_is_accepted_with_the_address_of_its_comparison(
    client: APIClient, done: str, trades: list[dict[str, Any]]
) -> None:
    upload = SimpleUploadedFile("mine.csv", trades_csv(trades).encode())

    answer = client.post(
        f"{done}compare/", {"file": upload, "price_ticks": 2}, format="multipart"
    )

    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert answer["Location"] == f"/api/v1/parity/{body['id']}/"
    assert body["tolerance"]["price_ticks"] == 2
    assert body["job"]["state"] == "queued"


def test_a_comparison_without_a_file_says_that_it_needs_one(
    client: APIClient, done: str
) -> None:
    found = error_of(client.post(f"{done}compare/", {}, format="multipart"), 400)

    assert (found.code, found.attr) == ("required", "file")

"""Backtests on captured order books: which book is taken, and that its fills are had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import settings

from apps.analysis.results import result_read
from apps.analysis.services.depth import depth_find
from apps.analysis.services.reproduce import backtest_reproduce
from apps.analysis.tests.asking import BACKTESTS, run, run_folder, stored
from apps.analysis.tests.captures import (
    MILLISECOND,
    around,
    capture_row,
    capture_take,
    needs_books,
    span,
)
from apps.analysis.tests.factories import backtest_make, series_make, surroundings_of
from apps.engines.contracts import ExitReason
from apps.market.enums import Timeframe
from apps.market.selectors import CAPTURE_ENGINE, bars_get

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.analysis.models import Backtest
    from apps.engines.contracts import Bars
    from apps.engines.runner.pool import EnginePool
    from apps.market.models import BookCapture, CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

BOTH = ("reference", CAPTURE_ENGINE)
BELOW, ABOVE = 0.5, 0.7
END = list(ExitReason).index(ExitReason.END_OF_DATA)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("_all_engines_installed"),
]


@pytest.fixture
def series(user: User) -> CandleSeries:
    """Three days of hours, of a venue of which books can be captured."""
    made = series_make(user, days=3, timeframe=Timeframe.H1)
    made.instrument.venue = "binance"
    made.instrument.save()
    return made


@pytest.fixture
def bars(series: CandleSeries) -> Bars:
    return bars_get(series=series)


@pytest.fixture
def asked(user: User, series: CandleSeries, strategy: Strategy) -> Backtest:
    return backtest_make(user, series=series, strategy=strategy, engines=BOTH)


@pytest.fixture
def warm(pool: EnginePool) -> EnginePool:
    # A host ends with the thread that started it, and jobs ask from threads.
    pool.ensure(CAPTURE_ENGINE)
    return pool


def taken(
    series: CandleSeries, pool: EnginePool, bars: Bars, *, above: float = ABOVE
) -> BookCapture:
    """Import a book around the bars' opens."""
    return capture_take(
        series.owner,
        pool,
        around(bars, below=BELOW, above=above),
        venue=series.instrument.venue,
        symbol=series.instrument.symbol,
    )


def notes_of(backtest: Backtest) -> list[str]:
    notes: list[str] = backtest.runs.get(engine=CAPTURE_ENGINE).notes
    return notes


def inputs_again(backtest: Backtest, pool: EnginePool) -> dict[str, Any]:
    told = backtest_reproduce(context=surroundings_of(backtest, pool))
    return {"verdict": told["verdict"], **told["inputs"]}


# --- which book


def test_a_capture_of_the_instrument_that_covers_all_bars_is_taken(
    asked: Backtest, bars: Bars, series: CandleSeries
) -> None:
    assert depth_find(asked, bars) is None
    edges = span(bars)
    capture_row(series.instrument, **edges | {"last": edges["last"] - MILLISECOND})
    assert depth_find(asked, bars) is None
    capture = capture_row(series.instrument, **edges)
    assert depth_find(asked, bars) == capture


@pytest.mark.parametrize(
    ("mode", "execution", "needed"),
    [
        ("exact", {"feed_latency_ms": 5.0, "order_latency_ms": 10.0}, 25),
        ("native", {"order_latency_ms": 10.0}, 20),
        ("native", {}, 50),
    ],
)
def test_a_capture_must_cover_the_way_of_the_last_order_too(
    asked: Backtest,
    bars: Bars,
    series: CandleSeries,
    mode: str,
    execution: dict[str, float],
    needed: int,
) -> None:
    asked.mode, asked.execution = mode, execution
    edges = span(bars)
    short = edges["last"] + (needed - 1) * MILLISECOND
    capture_row(series.instrument, **edges | {"last": short})
    assert depth_find(asked, bars) is None
    enough = edges["last"] + needed * MILLISECOND
    capture = capture_row(series.instrument, **edges | {"last": enough})
    assert depth_find(asked, bars) == capture


@pytest.mark.parametrize(
    "execution",
    [{"book": "model"}, {"spread_bps": 2.0}, {"levels": 3}, {"level_depth": 1e4}],
    ids=lambda execution: next(iter(execution)),
)
def test_who_states_the_modelled_book_gets_it(
    asked: Backtest, bars: Bars, series: CandleSeries, execution: dict[str, Any]
) -> None:
    capture_row(series.instrument, **span(bars))
    asked.execution = execution
    assert depth_find(asked, bars) is None


def test_engines_without_a_book_need_none(
    asked: Backtest, bars: Bars, series: CandleSeries
) -> None:
    capture_row(series.instrument, **span(bars))
    asked.engines = ["reference", "vectorbt"]
    assert depth_find(asked, bars) is None


def test_the_book_is_asked_for_by_name(
    client: APIClient, series: CandleSeries, strategy: Strategy
) -> None:
    body = {
        "series": str(series.pk),
        "strategy": str(strategy.pk),
        "engines": list(BOTH),
    }

    def asks(book: str) -> Any:
        return client.post(BACKTESTS, body | {"execution": {"book": book}})

    assert stored(asks("model")["Location"]).execution == {"book": "model"}
    assert stored(asks("auto")["Location"]).execution == {}
    refused = asks("deep")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "execution.book"


# --- the fills


@needs_books
def test_fills_are_those_of_the_captured_book(
    asked: Backtest, bars: Bars, series: CandleSeries, warm: EnginePool
) -> None:
    capture = taken(series, warm, bars)

    run(asked, warm)

    played = result_read(run_folder(asked.pk, CAPTURE_ENGINE)).trades
    contract = result_read(run_folder(asked.pk)).trades
    assert len(played) == len(contract) > 2
    np.testing.assert_array_equal(played.entry_bar, contract.entry_bar)
    np.testing.assert_allclose(played.entry_price, contract.entry_price + ABOVE)
    np.testing.assert_allclose(played.exit_price, contract.exit_price - BELOW)
    assert (contract.exit_price == bars.open[contract.exit_bar]).any()
    notes = notes_of(asked)
    assert notes[0] == "The order book is a capture of real depth."
    assert notes[-1] == (
        f"It is the capture {capture.pk} (book.npz), sha256 {capture.sha256}."
    )
    assert not asked.runs.get(engine="reference").notes
    assert asked.provenance["inputs"]["capture"] == capture.sha256
    assert asked.provenance["capture"]["id"] == str(capture.pk)


@needs_books
def test_without_one_or_with_the_model_asked_for_the_fills_are_the_contracts(
    user: User,
    asked: Backtest,
    bars: Bars,
    series: CandleSeries,
    strategy: Strategy,
    warm: EnginePool,
) -> None:
    run(asked, warm)
    taken(series, warm, bars)
    modelled = run(
        backtest_make(
            user,
            series=series,
            strategy=strategy,
            engines=BOTH,
            execution={"book": "model"},
        ),
        warm,
    )
    for backtest in (asked, modelled):
        first, second = (run.result_hash for run in backtest.runs.all())
        assert first == second
        assert notes_of(backtest)[0].startswith("The order book is a model")
        assert backtest.provenance["capture"] is None


@needs_books
def test_a_capture_whose_file_was_changed_fails_its_engine_with_the_reason(
    asked: Backtest, bars: Bars, series: CandleSeries, warm: EnginePool
) -> None:
    capture = taken(series, warm, bars)
    path = Path(settings.DATA_DIR) / capture.path
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")

    run(asked, warm)

    failed = asked.runs.get(engine=CAPTURE_ENGINE)
    assert (failed.state, failed.error_code) == ("failed", "capture_file_damaged")
    assert str(capture.pk) in failed.error_message
    assert asked.runs.get(engine="reference").state == "succeeded"


# --- the same again


@needs_books
def test_a_second_run_is_played_on_the_same_capture_or_tells_which(
    asked: Backtest, bars: Bars, series: CandleSeries, warm: EnginePool
) -> None:
    first = taken(series, warm, bars)
    run(asked, warm)
    newer = taken(series, warm, bars, above=0.9)
    assert inputs_again(asked, warm) == {"verdict": "identical"}

    first.delete()
    assert inputs_again(asked, warm) == {
        "verdict": "differs",
        "capture": {"before": first.sha256, "now": newer.sha256},
    }

    newer.delete()
    assert inputs_again(asked, warm) == {
        "verdict": "differs",
        "capture": {"before": first.sha256, "now": None},
    }


@needs_books
def test_a_run_on_the_model_is_reproduced_on_it_whatever_was_captured_since(
    asked: Backtest, bars: Bars, series: CandleSeries, warm: EnginePool
) -> None:
    run(asked, warm)
    taken(series, warm, bars)
    assert inputs_again(asked, warm) == {"verdict": "identical"}

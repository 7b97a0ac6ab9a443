"""Market making: its books kept by hand, and what queue, latency and inventory do."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engines.captures import CaptureRequest
from apps.engines.contracts import MarketRules
from apps.engines.errors import CaptureInvalid, EngineTimedOut, UnsupportedByEngine
from apps.engines.market_making import (
    LatencyModel,
    MarketMaker,
    MarketMakingRequest,
    QueueModel,
    Quoting,
)
from apps.engines.runner.client import engine_call, engine_run
from apps.engines.runner.pool import EnginePool
from apps.engines.sample import sample_request

pytest.importorskip("hftbacktest")

from apps.engines.adapters.hftbacktest.adapter import HftbacktestEngine
from apps.engines.adapters.hftbacktest.capture import capture_load
from apps.engines.adapters.hftbacktest.latency import feed_latencies
from apps.engines.adapters.hftbacktest.sample import sample_capture, sample_making
from apps.engines.tests.captures import (
    ASK,
    BEGIN,
    BID,
    BOUGHT,
    MS,
    SOLD,
    book,
    rows_of,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.market_making import MarketMakingResult
    from apps.engines.tests.captures import Row

ROOT = Path(__file__).parents[3]
REAL = ROOT / ".." / "shared/data/ticks/hft_binance_usdm_btcusdt_20240808.npz"
GIB = 1 << 30

ENGINE = HftbacktestEngine()
RULES = MarketRules(Decimal("0.1"), Decimal("0.1"), Decimal(0), Decimal(0))
QUIET = Quoting(
    half_spread_bps=0.0,
    skew_bps=0.0,
    order_quantity=1.0,
    grid_levels=1,
    grid_step_bps=0.0,
    max_position=10.0,
    interval_ns=100 * MS,
)


def request_of(capture: str, **changes: Any) -> MarketMakingRequest:
    """Return a request for a bid and an ask at the touch, without latency or fees."""
    request = MarketMakingRequest(
        capture=capture,
        market=RULES,
        quoting=QUIET,
        maker_fee=0.0,
        taker_fee=0.0,
        entry_latency_ns=0,
        response_latency_ns=0,
        record_interval_ns=100 * MS,
    )
    quoting = {
        name: changes.pop(name) for name in list(changes) if hasattr(QUIET, name)
    }
    return replace(request, quoting=replace(QUIET, **quoting), **changes)


def play(folder: Path, rows: list[Row], **changes: Any) -> MarketMakingResult:
    assert isinstance(ENGINE, MarketMaker)
    return ENGINE.market_make(request_of(written(folder, rows_of(rows)), **changes))


def calm(*between: Row, until: float = 10_000.0) -> list[Row]:
    """Return a book of 100.0 to 101.0, with 5 on each side, and what happens in it."""
    rows = sorted([*between, (until, BID, 100.0, 5.0), (until, ASK, 101.0, 5.0)])
    return [*book(0, 100.0, 101.0), *rows]


# --- by hand --------------------------------------------------------------------------


def test_a_quote_is_filled_when_a_trade_goes_through_its_price(tmp_path: Path) -> None:
    # A middle of 100.5; quotes 40 basis points off it lie at 100.0 and 101.0, rounded
    # outwards. At 2 s somebody sells at 99.9, below our bid.
    fills = play(tmp_path, calm((2_000, SOLD, 99.9, 1.0)), half_spread_bps=40.0).fills
    assert fills.time.tolist() == [BEGIN + 2_000 * MS]
    assert (fills.side[0], fills.price[0], fills.quantity[0]) == (1, 100.0, 1.0)


def test_the_books_are_what_they_are_by_hand(tmp_path: Path) -> None:
    rows = calm(
        (2_000, SOLD, 99.9, 1.0),
        (4_000, BOUGHT, 101.1, 1.0),
        (6_000, BOUGHT, 101.1, 1.0),
    )
    result = play(tmp_path, rows, half_spread_bps=40.0, maker_fee=-0.001)
    fills = result.fills
    assert fills.side.tolist() == [1, -1, -1]
    assert fills.price.tolist() == [100.0, 101.0, 101.0]
    # A rebate is a negative fee.
    np.testing.assert_allclose(fills.fee, [-0.1, -0.101, -0.101])
    assert result.inventory[-1] == -1.0
    # Bought at 100, sold two at 101, one short is worth 100.5, and the rebates.
    assert result.equity[-1] == pytest.approx(-100 + 202 - 100.5 + 0.302)
    # Half of the spread of 1 around 100.5, at each fill; nothing moved after.
    assert result.spread_capture == pytest.approx(0.5 / 100.5 * 1e4)
    assert result.adverse_selection == 0.0
    assert result.fill_ratio == len(fills) / result.quotes


def test_a_move_of_the_middle_after_a_fill_is_adverse_selection(tmp_path: Path) -> None:
    lower = [
        (2_500, BID, 100.0, 0.0),
        (2_500, BID, 99.0, 5.0),
        (2_500, ASK, 100.0, 5.0),
    ]
    rows = calm((2_000, SOLD, 99.9, 1.0), *lower)
    now = play(tmp_path, rows, half_spread_bps=40.0, horizon_ns=400 * MS)
    later = play(tmp_path, rows, half_spread_bps=40.0, horizon_ns=600 * MS)
    past = play(tmp_path, rows, half_spread_bps=40.0, horizon_ns=60_000 * MS)
    assert (now.fills.mid[0], now.fills.mid_after[0]) == (100.5, 100.5)
    assert later.fills.mid_after[0] == 99.5
    assert later.adverse_selection == pytest.approx(1.0 / 100.5 * 1e4)
    assert np.isnan(past.fills.mid_after[0])
    assert math.isnan(past.adverse_selection)


def test_behind_a_queue_a_quote_waits_until_it_is_traded_away(tmp_path: Path) -> None:
    # Our bid at 100.0 lies behind 5; three are sold, then three more.
    at_once = calm((2_000, SOLD, 100.0, 3.0))
    assert len(play(tmp_path, at_once, half_spread_bps=40.0).fills) == 0
    in_turn = calm((2_000, SOLD, 100.0, 3.0), (3_000, SOLD, 100.0, 3.0))
    assert len(play(tmp_path, in_turn, half_spread_bps=40.0).fills) == 1


def test_the_queue_model_says_whether_leaving_in_front_helps(tmp_path: Path) -> None:
    # Behind our bid four more queue up, then six of nine leave, and two are sold.
    rows = calm(
        (1_000, BID, 100.0, 9.0), (2_000, BID, 100.0, 3.0), (3_000, SOLD, 100.0, 2.0)
    )
    filled = {
        model: len(play(tmp_path, rows, half_spread_bps=40.0, queue_model=model).fills)
        for model in QueueModel
    }
    # Only trades move it there: 3 are still in front, and 2 were traded.
    assert filled[QueueModel.RISK_ADVERSE] == 0
    assert filled[QueueModel.SQUARE_PROB] == filled[QueueModel.POWER_PROB]
    assert 1 in filled.values()


def test_a_grid_has_its_levels_a_step_apart(tmp_path: Path) -> None:
    sweep = [(2_000, SOLD, 90.0, 1.0), (2_000, BOUGHT, 110.0, 1.0)]
    fills = play(
        tmp_path,
        calm(*sweep),
        half_spread_bps=40.0,
        grid_levels=3,
        grid_step_bps=20.0,
    ).fills
    assert sorted(fills.price[fills.side > 0]) == [99.6, 99.8, 100.0]
    assert sorted(fills.price[fills.side < 0]) == [101.0, 101.2, 101.4]


def test_an_inventory_moves_both_quotes_against_it(tmp_path: Path) -> None:
    rows = calm(
        (2_000, SOLD, 99.0, 1.0), (4_000, SOLD, 99.0, 1.0), (6_000, BOUGHT, 102, 1)
    )
    fills = play(tmp_path, rows, half_spread_bps=40.0, skew_bps=1_000.0).fills
    # A tenth of the full inventory moves the fair price by 100 basis points, to 99.495.
    assert fills.price[:2].tolist() == [100.0, 99.0]
    # With two it is 98.49, and the ask would take: it goes to a tick above the bid.
    assert fills.price[2] == 100.1


def test_no_quote_adds_to_a_full_inventory(tmp_path: Path) -> None:
    sells = [(1_000.0 + 500 * one, SOLD, 90.0, 1.0) for one in range(12)]
    result = play(tmp_path, calm(*sells), half_spread_bps=40.0, max_position=3.0)
    assert result.inventory.max() == 3.0
    assert result.fills.side.tolist() == [1, 1, 1]


def test_even_quotes_that_are_being_cancelled_keep_to_the_inventory(
    tmp_path: Path,
) -> None:
    # The book jumps about while answers take a second, and everything is sold into us.
    jumps = [
        row
        for one in range(40)
        for row in book(300.0 * one, 100.0 + one % 7, 100.5 + one % 7)
    ]
    sells = [(300.0 * one + 150, SOLD, 90.0, 1.0) for one in range(1, 40)]
    result = play(
        tmp_path,
        sorted([*jumps, *sells], key=lambda row: row[0]),
        grid_levels=3,
        max_position=4.0,
        entry_latency_ns=500 * MS,
        response_latency_ns=500 * MS,
    )
    assert len(result.fills) >= 4
    assert result.inventory.max() <= 4.0


def test_a_quote_that_would_take_when_it_arrives_is_refused_there(
    tmp_path: Path,
) -> None:
    rows = [
        *book(0, 100.0, 101.0),
        *book(1_000, 102.0, 103.0),
        *book(5_000, 102.0, 103.0),
    ]
    slow = {"entry_latency_ns": 500 * MS, "response_latency_ns": 500 * MS}
    result = play(tmp_path, rows, half_spread_bps=10.0, interval_ns=700 * MS, **slow)
    assert result.refused >= 1
    assert len(result.fills) + result.refused <= result.quotes


def test_a_market_that_never_comes_to_us_fills_nothing(tmp_path: Path) -> None:
    result = play(tmp_path, calm(), half_spread_bps=100.0)
    assert len(result.fills) == 0
    assert (result.fill_ratio, result.inventory[-1], result.equity[-1]) == (0, 0, 0)
    assert math.isnan(result.spread_capture)
    assert math.isnan(result.adverse_selection)


def test_more_fills_than_there_was_room_for_are_all_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trades = [(1_000.0 + 200 * one, SOLD, 90.0, 1.0) for one in range(40)]
    rows = calm(*trades)
    many = play(tmp_path, rows, half_spread_bps=40.0, max_position=100.0)
    monkeypatch.setattr("apps.engines.adapters.hftbacktest.maker.FIRST_ROOM", 1)
    again = play(tmp_path, rows, half_spread_bps=40.0, max_position=100.0)
    assert len(many.fills) == 40
    np.testing.assert_array_equal(many.fills.time, again.fills.time)
    np.testing.assert_array_equal(many.equity, again.equity)


def test_the_latency_of_the_feed_is_that_of_the_capture_times_the_factor() -> None:
    rows = [row for second in range(5) for row in book(1_000 * second, 100, 101)]
    latencies = feed_latencies(rows_of(rows, latency=20 * MS), 1.5)
    assert len(latencies) == 5
    assert (latencies["exch_ts"] - latencies["req_ts"] == 30 * MS).all()
    assert (latencies["resp_ts"] - latencies["exch_ts"] == 30 * MS).all()


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"order_quantity": 0.0}, "quoting.order_quantity"),
        ({"order_quantity": -1.0}, "quoting.order_quantity"),
        ({"order_quantity": 0.05}, "quoting.order_quantity"),
        ({"order_quantity": float("nan")}, "quoting.order_quantity"),
        ({"max_position": 0.9}, "quoting.max_position"),
        ({"max_position": float("inf")}, "quoting.max_position"),
        ({"half_spread_bps": -1.0}, "quoting.half_spread_bps"),
        ({"skew_bps": float("nan")}, "quoting.skew_bps"),
        ({"grid_levels": 0}, "quoting.grid_levels"),
        ({"grid_step_bps": -1.0}, "quoting.grid_step_bps"),
        ({"interval_ns": 0}, "quoting.interval_ns"),
        ({"record_interval_ns": 0}, "record_interval_ns"),
        ({"entry_latency_ns": -1}, "entry_latency_ns"),
        ({"response_latency_ns": -1}, "response_latency_ns"),
        ({"queue_power": 0.0}, "queue_power"),
        ({"maker_fee": 1.0}, "maker_fee"),
        ({"latency_factor": float("inf")}, "latency_factor"),
        ({"partial_fills": True}, "partial_fills"),
        ({"market": replace(RULES, price_tick=Decimal("0.3"))}, "market.price_tick"),
        ({"market": replace(RULES, min_quantity=Decimal(2))}, "quoting.order_quantity"),
        (
            {"market": replace(RULES, min_notional=Decimal(150))},
            "quoting.order_quantity",
        ),
    ],
)
def test_what_means_nothing_is_refused_by_name(
    change: dict[str, Any], attr: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedByEngine) as raised:
        play(tmp_path, calm(), **change)
    assert raised.value.attr == attr


def test_more_records_than_memory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedByEngine, match="more than 5,000,000"):
        play(tmp_path, calm(until=10_000_000.0), record_interval_ns=1_000)


def test_a_capture_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureInvalid, match=r"none\.npz"):
        ENGINE.market_make(request_of(str(tmp_path / "none.npz")))


# --- on real data ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not REAL.exists():
        pytest.skip("the shared capture is not here")
    target = tmp_path_factory.mktemp("capture") / "btcusdt.npz"
    ENGINE.capture(CaptureRequest((str(REAL),), str(target)))
    return str(target)


def on_real(capture: str, **changes: Any) -> MarketMakingResult:
    request = MarketMakingRequest(
        capture=capture,
        market=MarketRules(Decimal("0.1"), Decimal("0.001"), Decimal(0), Decimal(5)),
        quoting=Quoting(0.5, 1.0, 0.002, 3, 0.5, 0.05, 100 * MS),
        maker_fee=0.0002,
        taker_fee=0.0005,
    )
    return ENGINE.market_make(replace(request, **changes))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"latency_model": LatencyModel.FEED, "latency_factor": 2.0},
        {"queue_model": QueueModel.RISK_ADVERSE, "maker_fee": -0.0001},
        {"entry_latency_ns": 200 * MS, "response_latency_ns": 50 * MS},
    ],
)
def test_on_a_real_capture_the_books_balance(change: dict[str, Any], real: str) -> None:
    result = on_real(real, **change)
    fills = result.fills
    assert len(fills) > 50
    assert result.inventory[-1] == pytest.approx(
        float(np.dot(fills.side, fills.quantity))
    )
    assert np.abs(result.inventory).max() <= 0.05 + 1e-9
    spent = np.dot(fills.side * fills.quantity, fills.price)
    equity = result.inventory[-1] * result.mid[-1] - spent - fills.fee.sum()
    assert result.equity[-1] == pytest.approx(equity, abs=1e-6)
    # A passive fill is on our side of the middle just before it, or the market came
    # through us; every price is on the tick and within the capture's.
    assert (np.diff(fills.time) >= 0).all()
    capture = capture_load(real)
    best = capture.best[np.isfinite(capture.best).all(axis=1)]
    assert fills.price.min() >= best[:, 0].min() - 100
    assert fills.price.max() <= best[:, 1].max() + 100
    np.testing.assert_allclose(np.round(fills.price, 1), fills.price, rtol=1e-12)


def test_at_every_record_the_books_are_those_of_the_fills_so_far(real: str) -> None:
    result = on_real(real, entry_latency_ns=0, response_latency_ns=0)
    fills = result.fills
    held = np.concatenate(([0.0], np.cumsum(fills.side * fills.quantity)))
    spent = np.concatenate(
        ([0.0], np.cumsum(fills.side * fills.quantity * fills.price + fills.fee))
    )
    so_far = np.searchsorted(fills.time, result.time, side="right")
    np.testing.assert_allclose(result.inventory, held[so_far], atol=1e-9)
    np.testing.assert_allclose(
        result.equity, held[so_far] * result.mid - spent[so_far], atol=1e-6
    )


def test_more_latency_gives_other_fills(real: str) -> None:
    quick = on_real(real, entry_latency_ns=0, response_latency_ns=0)
    slow = on_real(real, entry_latency_ns=300 * MS, response_latency_ns=300 * MS)
    assert quick.fills.time.tolist() != slow.fills.time.tolist()
    assert slow.refused > quick.refused


def test_the_same_request_gives_the_same_result_again(real: str) -> None:
    one, other = on_real(real), on_real(real)
    np.testing.assert_array_equal(one.fills.time, other.fills.time)
    np.testing.assert_array_equal(one.fills.price, other.fills.price)
    np.testing.assert_array_equal(one.equity, other.equity)


# --- through the service --------------------------------------------------------------


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnginePool]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    with EnginePool(idle_seconds=120, environment=environment, root=ROOT) as found:
        yield found


def call(pool: EnginePool, request: Any, wall: float = 30.0) -> Any:
    return engine_call(
        locate=lambda: pool.ensure("hftbacktest"),
        request=request,
        wall_seconds=wall,
        memory_bytes=8 * GIB,
    )


def test_captures_quotes_and_bars_all_run_in_children_of_one_warm_host(
    pool: EnginePool, tmp_path: Path
) -> None:
    made = sample_capture(tmp_path)
    summary = call(pool, made)
    assert summary == ENGINE.capture(made)
    request = sample_making(made.target)
    there, here = call(pool, request), ENGINE.market_make(request)
    assert len(here.fills) > 0
    np.testing.assert_array_equal(there.equity, here.equity)
    result = engine_run(
        locate=lambda: pool.ensure("hftbacktest"),
        request=sample_request(),
        wall_seconds=30.0,
        memory_bytes=8 * GIB,
    )
    np.testing.assert_array_equal(result.equity, ENGINE.run(sample_request()).equity)


def test_what_a_child_refuses_arrives_as_that_error(
    pool: EnginePool, tmp_path: Path
) -> None:
    (tmp_path / "noise.gz").write_bytes(b"noise")
    request = CaptureRequest((str(tmp_path / "noise.gz"),), str(tmp_path / "x.npz"))
    with pytest.raises(CaptureInvalid, match="is not a capture that can be read"):
        call(pool, request)
    quotes = replace(sample_making(str(tmp_path / "x.npz")), partial_fills=True)
    with pytest.raises(UnsupportedByEngine, match="partial fills") as raised:
        call(pool, quotes)
    assert raised.value.attr == "partial_fills"


def test_a_run_that_takes_too_long_is_ended(pool: EnginePool, tmp_path: Path) -> None:
    capture = written(tmp_path, rows_of(calm(until=86_400_000.0)))
    endless = request_of(capture, interval_ns=1_000, record_interval_ns=10**12)
    with pytest.raises(EngineTimedOut):
        call(pool, endless, wall=1.0)

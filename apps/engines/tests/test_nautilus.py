"""NautilusTrader by the fill contract: what the common suite does not ask for."""

from __future__ import annotations

import gc
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from apps.engines.contracts import (
    Costs,
    ExitReason,
    MarketRules,
    Mode,
    Protection,
    Sizing,
    SizingKind,
)
from apps.engines.errors import EngineCrashed, UnsupportedByEngine
from apps.engines.grid import grid_of, on_grid, round_units
from apps.engines.registry import engine_load
from apps.engines.sample import sample_request
from apps.engines.tests.requests import bars_of, request_of

if TYPE_CHECKING:
    from apps.engines.contracts import Bars, Engine, RunRequest, RunResult

FLAT = (100.0, 101.0, 99.0, 100.0)
MIB = 1 << 20
PACKAGE = "apps.engines.adapters.nautilus"
pytest.importorskip("nautilus_trader")


@pytest.fixture(scope="module")
def nautilus() -> Engine:
    return engine_load("nautilus")


def assert_same(one: RunResult, other: RunResult) -> None:
    for name in (
        "entry_bar",
        "exit_bar",
        "quantity",
        "entry_price",
        "exit_price",
        "exit_reason",
        "gaps",
    ):
        np.testing.assert_array_equal(
            getattr(one.trades, name), getattr(other.trades, name), err_msg=name
        )
    np.testing.assert_allclose(one.equity, other.equity, rtol=1e-9)
    assert one.skipped == other.skipped


def reasons(result: RunResult) -> list[ExitReason]:
    return [tuple(ExitReason)[code] for code in result.trades.exit_reason]


def market(tick: str, step: str = "0.001") -> MarketRules:
    return MarketRules(Decimal(tick), Decimal(step), Decimal(0), Decimal(0))


def walk(tick: Decimal, level: float, *, size: int = 80, seed: int = 5) -> Bars:
    """Return bars of a random walk, on the tick."""
    rng = np.random.default_rng(seed)
    grid = grid_of(tick)
    close = level * np.exp(np.cumsum(rng.normal(0, 0.02, size)))
    open_ = np.append(level, close[:-1]) * (1 + rng.normal(0, 0.005, size))
    high = np.maximum(open_, close) * 1.004
    low = np.minimum(open_, close) * 0.996
    columns = [
        on_grid(
            round_units(one, grid.numerator, grid.scale), grid.numerator, grid.scale
        )
        for one in (open_, high, low, close)
    ]
    return bars_of(list(zip(*columns, strict=True)))


@pytest.mark.parametrize(
    ("tick", "level"),
    [
        ("0.05", 40.0),
        ("0.25", 4_000.0),
        ("5", 60_000.0),
        ("1E+1", 60_000.0),
        ("0.000025", 0.09),
        ("0.00000001", 0.00004),
        ("0.00000001", 60_000.0),
        ("0.000000000001", 1.0),
    ],
)
@pytest.mark.parametrize("step", ["0.00001", "0.5", "1", "10"])
def test_any_tick_and_step_gives_the_trades_of_the_reference(
    nautilus: Engine, tick: str, level: float, step: str
) -> None:
    bars = walk(Decimal(tick), level)
    request = request_of(
        bars,
        enter=range(0, 79, 5),
        leave=range(3, 79, 7),
        market=market(tick, step),
        protection=Protection(0.03, 0.05),
        costs=Costs(0.001, 0.0005),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 200_000.0),
        capital=500_000.0,
    )
    result = nautilus.run(request)
    assert len(result.trades) > 5 or level * float(step) > 200_000
    assert_same(engine_load("reference").run(request), result)


def test_an_exit_signal_comes_before_a_stop_that_the_open_has_passed(
    nautilus: Engine,
) -> None:
    bars = bars_of([FLAT, FLAT, (90, 92, 89, 91), FLAT])
    request = request_of(bars, enter=[0], leave=[1], protection=Protection(0.05))
    result = nautilus.run(request)
    assert reasons(result) == [ExitReason.SIGNAL]
    assert result.trades.exit_price[0] == 90.0


def test_a_bar_that_holds_stop_and_target_is_played_to_the_low_first(
    nautilus: Engine,
) -> None:
    bars = bars_of([FLAT, FLAT, (100, 120, 80, 100), FLAT])
    result = nautilus.run(request_of(bars, enter=[0], protection=Protection(0.05, 0.1)))
    assert reasons(result) == [ExitReason.STOP_LOSS]
    assert result.trades.exit_price[0] == 95.0


def test_only_bars_that_may_hold_both_are_played_in_halves() -> None:
    feed = pytest.importorskip(f"{PACKAGE}.feed")
    bars = bars_of([FLAT, (100, 120, 80, 100), FLAT, (100, 104, 97, 100)])
    request = request_of(bars, protection=Protection(0.05, 0.05))
    assert feed.holds_both(request).tolist() == [False, True, False, False]
    assert feed.feed_of(request).closes == [0, feed.NOT_YET, 1, 2, 3]


def test_a_trailing_stop_that_the_close_has_passed_waits_for_the_open(
    nautilus: Engine,
) -> None:
    # At the close of bar 1 the stop moves to 114, above the close of 101.
    rows = [FLAT, (100, 120, 99, 101), (110, 112, 109, 111), FLAT]
    protection = Protection(trailing_stop=0.05)
    result = nautilus.run(request_of(bars_of(rows), enter=[0], protection=protection))
    assert reasons(result) == [ExitReason.TRAILING_STOP]
    assert (result.trades.exit_bar[0], result.trades.exit_price[0]) == (2, 110.0)


def test_the_account_pays_the_slippage_that_is_in_our_prices(nautilus: Engine) -> None:
    bars = bars_of([FLAT] * 6)
    costs = Costs(0.001, 0.001)
    result = nautilus.run(request_of(bars, enter=[0], leave=[3], costs=costs))
    trades = result.trades
    assert (trades.entry_price[0], trades.exit_price[0]) == (100.1, 99.9)
    assert trades.entry_fee[0] == pytest.approx(0.001 * 10 * 100.1, abs=1e-12)
    assert trades.exit_fee[0] == pytest.approx(0.001 * 10 * 99.9, abs=1e-12)


def test_all_of_the_cash_can_be_put_in_with_nothing_left(nautilus: Engine) -> None:
    bars, costs = bars_of([FLAT] * 6), Costs(0.001, 0.001)
    # 10 at 100.1 is 1,001, and its fee 1.001.
    request = request_of(bars, enter=[0], capital=1_002.001, costs=costs)
    assert len(nautilus.run(request).trades) == 1


def test_a_position_over_a_hole_is_held_and_counted(nautilus: Engine) -> None:
    bars = bars_of([FLAT] * 6)
    holes = np.array([0, 1, 2, 5, 6, 9]) * bars.timeframe_ns
    request = request_of(replace(bars, time=holes), enter=[0], leave=[4])
    assert_same(engine_load("reference").run(request), nautilus.run(request))


def test_volumes_do_not_matter_in_exact_mode(nautilus: Engine) -> None:
    bars = bars_of([FLAT, (100, 106, 94, 101)] * 10)
    request = request_of(bars, enter=[0, 7], protection=Protection(0.05, 0.05))
    for volume in (0.0, 1e20, np.nan):
        other = replace(request, bars=replace(bars, volume=np.full(20, volume)))
        assert_same(nautilus.run(request), nautilus.run(other))


def _with(**columns: Any) -> RunRequest:
    bars = bars_of([FLAT] * 4)
    return request_of(replace(bars, **columns), enter=[0])


BAD = {
    "open 0.004 at bar 0": request_of(bars_of([(0.004, 0.01, 0.004, 0.01)] * 4)),
    "low 0.0 at bar 1": _with(low=np.array([99.0, 0.0, 99.0, 99.0])),
    "high 100.005 at bar 2": _with(high=np.array([101.0, 101.0, 100.005, 101.0])),
    "close nan at bar 3": _with(close=np.array([100.0, 100.0, 100.0, np.nan])),
    "at -3600000000000 ns": _with(time=np.arange(-1, 3) * 3_600_000_000_000),
    "price tick 1E-17": request_of(bars_of([FLAT] * 4), market=market("1E-17")),
    "quantity step 1E-18": request_of(
        bars_of([FLAT] * 4), market=market("0.01", "1E-18")
    ),
    r"a capital of 1e\+14": request_of(bars_of([FLAT] * 4), capital=1e14),
    r"an order of 1e\+14": request_of(
        bars_of([(1e-8, 2e-8, 1e-8, 1e-8)] * 4),
        enter=[0],
        market=market("1E-8"),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 1e6),
        capital=1e7,
    ),
}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("found", BAD)
def test_what_its_numbers_cannot_hold_is_refused_by_name(
    nautilus: Engine, found: str, mode: Mode
) -> None:
    with pytest.raises(UnsupportedByEngine, match=found):
        nautilus.run(replace(BAD[found], mode=mode))


def test_a_run_that_stopped_before_its_end_is_not_believed() -> None:
    errors = pytest.importorskip(f"{PACKAGE}.errors")
    with pytest.raises(EngineCrashed, match="after 3 of 9 events"):
        errors.completeness_check(SimpleNamespace(iteration=3), 9)
    errors.completeness_check(SimpleNamespace(iteration=9), 9)


def test_books_that_its_account_does_not_share_are_not_believed(
    nautilus: Engine,
) -> None:
    mapping = pytest.importorskip(f"{PACKAGE}.mapping")
    request = sample_request()
    trades = nautilus.run(request).trades
    end = request.capital + float(trades.profit.sum())
    mapping.books_check(end, request.capital, trades)
    with pytest.raises(EngineCrashed, match="account ends at"):
        mapping.books_check(end + 0.01, request.capital, trades)


def test_an_order_that_it_refuses_ends_the_run_with_its_reason(
    nautilus: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = pytest.importorskip(f"{PACKAGE}.strategy")
    # One decimal more than the instrument has.
    monkeypatch.setattr(
        strategy.ContractStrategy,
        "_sized",
        lambda self, quantity: strategy.Quantity(quantity, self._size_decimals + 1),
    )
    with pytest.raises(EngineCrashed, match=r"refused an order: .*precision"):
        nautilus.run(request_of(bars_of([FLAT] * 4), enter=[0]))


def test_runs_leave_nothing_behind_in_the_process(nautilus: Engine) -> None:
    request = sample_request(protection=Protection(0.02, 0.05))
    process = psutil.Process()
    nautilus.run(request)
    before = process.memory_info().rss
    for _ in range(20):
        nautilus.run(request)
    gc.collect()
    # Without `dispose` it would be 9 MB a run.
    assert process.memory_info().rss - before < 40 * MIB

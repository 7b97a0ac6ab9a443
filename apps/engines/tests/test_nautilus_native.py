"""NautilusTrader as its own users run it: what its defaults make of a strategy."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from apps.engines.contracts import (
    Costs,
    ExitReason,
    IndicatorRequest,
    MarketRules,
    Mode,
    Protection,
    Sizing,
    SizingKind,
)
from apps.engines.errors import UnsupportedByEngine
from apps.engines.registry import engine_capabilities, engine_get, engine_load
from apps.engines.tests.requests import bars_of, request_of, requests
from apps.engines.verify import result_verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import Engine, RunRequest, RunResult

    type Row = tuple[float, float, float, float]

FLAT = (100.0, 101.0, 99.0, 100.0)
PLENTY = 1e6  # a volume of which no order here is a quarter
PACKAGE = "apps.engines.adapters.nautilus"
pytest.importorskip("nautilus_trader")


@pytest.fixture(scope="module")
def nautilus() -> Engine:
    return engine_load("nautilus")


def native(rows: Sequence[Row], volume: float = PLENTY, **changes: Any) -> RunRequest:
    bars = replace(bars_of(rows), volume=np.full(len(rows), volume))
    return request_of(bars, mode=Mode.NATIVE, **changes)


def reasons(result: RunResult) -> list[ExitReason]:
    return [tuple(ExitReason)[code] for code in result.trades.exit_reason]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(request_=requests())
def test_any_request_gives_books_that_add_up(
    nautilus: Engine, request_: RunRequest
) -> None:
    request_ = replace(request_, mode=Mode.NATIVE)
    result_verify(request_, nautilus.run(request_))


def test_orders_fill_at_the_close_of_the_signals_own_bar(nautilus: Engine) -> None:
    rows = [FLAT, (100, 103, 100, 102), (104, 105, 103, 104), (97, 98, 96, 97)]
    trades = nautilus.run(native(rows, enter=[1], leave=[3])).trades
    assert (trades.entry_bar[0], trades.entry_price[0]) == (1, 102.0)
    assert (trades.exit_bar[0], trades.exit_price[0]) == (3, 97.0)


def test_a_size_is_rounded_to_the_nearest_not_down(nautilus: Engine) -> None:
    # 1,000 / 60 is 16.666...
    trades = nautilus.run(native([(60, 61, 59, 60)] * 4, enter=[1])).trades
    assert trades.quantity[0] == 16.667


def test_a_bar_that_holds_both_is_played_to_the_high_first(nautilus: Engine) -> None:
    rows = [FLAT, FLAT, (100, 120, 80, 100), FLAT]
    result = nautilus.run(native(rows, enter=[1], protection=Protection(0.05, 0.1)))
    assert reasons(result) == [ExitReason.TAKE_PROFIT]
    assert result.trades.exit_price[0] == pytest.approx(110.0)
    assert any("target comes before the stop" in note for note in result.notes)


@pytest.mark.parametrize(
    ("protection", "reason", "price"),
    [
        (Protection(stop_loss=0.05), ExitReason.STOP_LOSS, 95.0),
        (Protection(take_profit=0.05), ExitReason.TAKE_PROFIT, 105.0),
        # It trails the last price before the bar, the high of 101.
        (Protection(trailing_stop=0.05), ExitReason.TRAILING_STOP, 95.95),
    ],
)
def test_protection_rests_at_the_venue(
    nautilus: Engine, protection: Protection, reason: ExitReason, price: float
) -> None:
    rows = [FLAT, FLAT, FLAT, (100, 120, 80, 100), FLAT]
    result = nautilus.run(native(rows, enter=[1], protection=protection))
    assert reasons(result) == [reason]
    assert (result.trades.exit_bar[0], result.trades.exit_price[0]) == (3, price)


def test_more_than_a_quarter_of_the_volume_fills_one_tick_worse(
    nautilus: Engine,
) -> None:
    result = nautilus.run(native([FLAT] * 5, volume=8.0, enter=[1], leave=[3]))
    # 2 of 10 at 100, the rest at 100.01.
    assert result.trades.entry_price[0] == pytest.approx(100.008)
    assert result.trades.exit_price[0] == pytest.approx(99.992)
    assert any("so filled: 2." in note for note in result.notes)


def test_bars_without_volume_still_fill(nautilus: Engine) -> None:
    result = nautilus.run(native([FLAT] * 5, volume=0.0, enter=[1], leave=[3]))
    assert result.trades.quantity[0] == pytest.approx(10.0)


def test_what_is_open_is_closed_at_the_last_close(nautilus: Engine) -> None:
    costs = Costs(0.001, 0.0)
    result = nautilus.run(native([FLAT] * 4, enter=[3], costs=costs))
    assert reasons(result) == [ExitReason.END_OF_DATA]
    assert result.trades.profit[0] == pytest.approx(-2.0)
    assert result.equity[-1] == pytest.approx(9_998.0)


def test_a_fill_that_the_cash_cannot_pay_ends_the_run_and_is_told(
    nautilus: Engine,
) -> None:
    request = native(
        [FLAT] * 8, enter=[1, 4], leave=[2], capital=1_000.5, costs=Costs(0.0004, 0.0)
    )
    result = nautilus.run(request)
    result_verify(request, result)
    # Two fees of the first trade, and 1,000 is no longer there for the second.
    assert len(result.trades) == 1
    assert any("ended at bar 4 of 8" in note for note in result.notes)


def test_an_entry_below_the_smallest_quantity_is_denied_and_counted(
    nautilus: Engine,
) -> None:
    rules = MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(20), Decimal(0))
    result = nautilus.run(native([FLAT] * 5, enter=[1, 2], market=rules))
    assert (len(result.trades), result.skipped.below_minimum) == (0, 2)


def test_a_size_that_rounds_to_nothing_is_counted(nautilus: Engine) -> None:
    stake = Sizing(SizingKind.FIXED_QUOTE, 0.01)
    result = nautilus.run(native([FLAT] * 5, enter=[1], sizing=stake))
    assert (len(result.trades), result.skipped.below_minimum) == (0, 1)


def test_options_that_have_no_effect_are_named(nautilus: Engine) -> None:
    rules = MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(0), Decimal(5_000))
    costs = Costs(0.0, 0.001)
    plain = nautilus.run(native([FLAT] * 5, enter=[1]))
    result = nautilus.run(native([FLAT] * 5, enter=[1], market=rules, costs=costs))
    assert plain.ignored == ()
    assert result.ignored == ("slippage", "min_notional")
    assert result.trades.entry_price[0] == 100.0


def test_a_volume_that_is_no_number_is_refused(nautilus: Engine) -> None:
    with pytest.raises(UnsupportedByEngine, match="volume of nan at bar 0"):
        nautilus.run(native([FLAT] * 4, volume=np.nan))


def test_a_volume_beyond_its_numbers_bounds_no_order(nautilus: Engine) -> None:
    trades = nautilus.run(native([FLAT] * 4, volume=1e20, enter=[1])).trades
    assert trades.entry_price[0] == 100.0


def compute(nautilus: Any, name: str, **parameters: float) -> dict[str, Any]:
    close = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 200))
    inputs: dict[str, Any] = {
        "real": close,
        "close": close,
        "high": close + 1,
        "low": close - 1,
        "volume": np.ones(200),
        "time": np.arange(200) * 3_600_000_000_000,
    }
    found: dict[str, Any] = nautilus.indicator(
        IndicatorRequest(name, inputs, parameters)
    )
    return found


def test_the_capabilities_name_exactly_its_own_indicators() -> None:
    indicators = pytest.importorskip(f"{PACKAGE}.indicators")
    named = engine_capabilities(engine_get("nautilus")).native_indicators
    assert sorted(indicators.NATIVES) == list(named)


def test_an_indicator_has_no_value_until_it_is_initialized(nautilus: Engine) -> None:
    value = compute(nautilus, "sma", period=20)["value"]
    assert np.isnan(value[:19]).all()
    assert np.isfinite(value[19:]).all()


def test_its_rsi_smooths_by_an_ema_from_0_to_100(nautilus: Engine) -> None:
    own = compute(nautilus, "rsi", period=14)["value"]
    close = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 200))
    moves = np.diff(close, prepend=close[0])
    gain = loss = 0.0
    for index, move in enumerate(moves):
        weight = 2 / 15 if index else 1.0
        gain += weight * (max(move, 0.0) - gain)
        loss += weight * (max(-move, 0.0) - loss)
    assert own[-1] == pytest.approx(100 * gain / (gain + loss))


def test_its_rate_of_change_looks_back_one_bar_less(nautilus: Engine) -> None:
    close = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 200))
    own = compute(nautilus, "roc", period=10)["value"]
    assert own[-1] == pytest.approx(100 * (close[-1] / close[-10] - 1))


def test_a_gap_in_an_input_is_passed_over(nautilus: Any) -> None:
    close: Any = np.arange(30.0)
    close[:5] = np.nan
    request = IndicatorRequest("sma", {"real": close}, {"period": 3})
    value = nautilus.indicator(request)["value"]
    assert np.isnan(value[:7]).all()
    assert value[7:9].tolist() == [6.0, 7.0]


def test_an_indicator_that_it_has_not_is_refused_by_name(nautilus: Engine) -> None:
    with pytest.raises(UnsupportedByEngine, match="no 'supertrend' of its own"):
        compute(nautilus, "supertrend", period=10)


def test_parameters_that_its_class_refuses_are_refused(nautilus: Engine) -> None:
    with pytest.raises(UnsupportedByEngine, match="kijun_period was < tenkan_period"):
        compute(nautilus, "ichimoku", tenkan=9, kijun=5, senkou=52, displacement=26)

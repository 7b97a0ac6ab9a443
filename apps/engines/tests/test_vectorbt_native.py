"""vectorbt as its own users run it: what its defaults make of a strategy."""

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
pytest.importorskip("vectorbt")


@pytest.fixture(scope="module")
def vectorbt() -> Engine:
    return engine_load("vectorbt")


def native(rows: Sequence[Row], **changes: Any) -> RunRequest:
    return request_of(bars_of(rows), mode=Mode.NATIVE, **changes)


def reasons(result: RunResult) -> list[ExitReason]:
    return [tuple(ExitReason)[code] for code in result.trades.exit_reason]


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(request_=requests())
def test_any_request_gives_books_that_add_up(
    vectorbt: Engine, request_: RunRequest
) -> None:
    request_ = replace(request_, mode=Mode.NATIVE)
    result_verify(request_, vectorbt.run(request_))


def test_orders_fill_at_the_close_of_the_signals_own_bar(vectorbt: Engine) -> None:
    rows = [FLAT, (100, 103, 100, 102), (104, 105, 103, 104), (97, 98, 96, 97)]
    result = vectorbt.run(native(rows, enter=[1], leave=[3]))
    trades = result.trades
    assert (trades.entry_bar[0], trades.entry_price[0]) == (1, 102.0)
    assert (trades.exit_bar[0], trades.exit_price[0]) == (3, 97.0)
    assert reasons(result) == [ExitReason.SIGNAL]


def test_sizes_and_prices_are_not_rounded(vectorbt: Engine) -> None:
    costs = Costs(0.001, 0.0007)
    trades = vectorbt.run(native([(30, 31, 29, 30)] * 4, enter=[1], costs=costs)).trades
    assert trades.quantity[0] == pytest.approx(1_000 / 30, rel=1e-15)
    assert trades.entry_price[0] == pytest.approx(30 * 1.0007, rel=1e-15)
    assert trades.entry_fee[0] == pytest.approx(1.0007, rel=1e-12)


def test_a_stop_is_measured_from_the_close_and_pays_no_slippage(
    vectorbt: Engine,
) -> None:
    rows = [FLAT, FLAT, (100, 100, 90, 92), FLAT]
    request = native(
        rows, enter=[1], costs=Costs(0.0, 0.01), protection=Protection(0.05)
    )
    result = vectorbt.run(request)
    assert reasons(result) == [ExitReason.STOP_LOSS]
    assert result.trades.entry_price[0] == pytest.approx(101.0)
    assert result.trades.exit_price[0] == pytest.approx(95.0)


def test_the_entry_bar_itself_is_not_watched(vectorbt: Engine) -> None:
    rows = [FLAT, (100, 101, 80, 100), FLAT, FLAT]
    result = vectorbt.run(native(rows, enter=[1], protection=Protection(0.05)))
    assert reasons(result) == [ExitReason.END_OF_DATA]


def test_a_target_in_the_bar_comes_before_its_exit_signal(vectorbt: Engine) -> None:
    rows = [FLAT, FLAT, (100, 112, 99, 104), FLAT]
    protection = Protection(take_profit=0.1)
    result = vectorbt.run(native(rows, enter=[1], leave=[2], protection=protection))
    assert reasons(result) == [ExitReason.TAKE_PROFIT]
    assert result.trades.exit_price[0] == pytest.approx(110.0)


def test_an_order_is_shrunk_to_the_cash_that_is_left(vectorbt: Engine) -> None:
    request = native([FLAT] * 5, enter=[1], leave=[3], capital=600.0)
    result = vectorbt.run(request)
    assert result.trades.quantity[0] == pytest.approx(6.0)
    assert any("shrunk to the cash that was left: 1." in note for note in result.notes)


def test_what_is_open_is_closed_at_the_last_close(vectorbt: Engine) -> None:
    rows = [FLAT, FLAT, (100, 106, 99, 105)]
    result = vectorbt.run(native(rows, enter=[1], costs=Costs(0.001, 0.0)))
    assert reasons(result) == [ExitReason.END_OF_DATA]
    assert result.trades.profit[0] == pytest.approx(50 - 1 - 1.05)
    assert result.equity[-1] == pytest.approx(10_047.95)


def test_options_that_have_no_effect_are_named(vectorbt: Engine) -> None:
    rules = MarketRules(Decimal("0.01"), Decimal("0.001"), Decimal(20), Decimal(5_000))
    result = vectorbt.run(native([FLAT] * 4, enter=[1], market=rules))
    assert len(result.trades) == 1
    assert result.ignored == ("min_quantity", "min_notional")


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_series_of_no_length_to_speak_of_can_be_run(
    vectorbt: Engine, size: int
) -> None:
    request = native([FLAT] * 3)
    bars = replace(
        request.bars,
        **{
            name: getattr(request.bars, name)[:size]
            for name in ("time", "open", "high", "low", "close", "volume")
        },
    )
    result = vectorbt.run(request_of(bars, mode=Mode.NATIVE))
    assert (len(result.trades), len(result.equity)) == (0, size)


CLOSE = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 200))


def compute(vectorbt: Any, name: str, **parameters: float) -> dict[str, Any]:
    inputs = {"real": CLOSE, "close": CLOSE, "volume": np.ones(200)}
    inputs |= {"high": CLOSE + 1, "low": CLOSE - 1}
    found: dict[str, Any] = vectorbt.indicator(
        IndicatorRequest(name, inputs, parameters)
    )
    return found


def test_the_capabilities_name_exactly_its_own_indicators() -> None:
    indicators = pytest.importorskip("apps.engines.adapters.vectorbt.indicators")
    named = engine_capabilities(engine_get("vectorbt")).native_indicators
    assert sorted(indicators.NATIVES) == list(named)


def test_its_rsi_is_of_simple_means(vectorbt: Engine) -> None:
    own = compute(vectorbt, "rsi", period=14)["value"]
    moves = np.diff(CLOSE)[-14:]
    gain, loss = moves[moves > 0].sum(), -moves[moves < 0].sum()
    assert own[-1] == pytest.approx(100 * gain / (gain + loss))
    assert np.isnan(own[:14]).all()


def test_its_macd_is_of_simple_averages(vectorbt: Engine) -> None:
    own = compute(vectorbt, "macd", fast=12, slow=26, signal=9)
    assert own["macd"][-1] == pytest.approx(CLOSE[-12:].mean() - CLOSE[-26:].mean())
    np.testing.assert_allclose(own["histogram"], own["macd"] - own["signal"])


def test_its_atr_smooths_with_a_span(vectorbt: Engine) -> None:
    own = compute(vectorbt, "atr", period=14)["value"]
    before = np.append(np.nan, CLOSE[:-1])
    reach = np.fmax(CLOSE + 1, before) - np.fmin(CLOSE - 1, before)
    value = reach[0]
    for one in reach[1:]:
        value += 2 / 15 * (one - value)
    assert own[-1] == pytest.approx(value)


def test_a_slowed_stochastic_is_its_own_average_of_its_own_k(vectorbt: Engine) -> None:
    fast = compute(vectorbt, "stoch", period=14, slowing=1, smoothing=3)
    slow = compute(vectorbt, "stoch", period=14, slowing=3, smoothing=3)
    assert slow["k"][-1] == pytest.approx(fast["k"][-3:].mean())
    np.testing.assert_allclose(slow["k"][20:], fast["d"][20:])


def test_an_indicator_that_it_has_not_is_refused_by_name(vectorbt: Engine) -> None:
    with pytest.raises(UnsupportedByEngine, match="no 'supertrend' of its own"):
        compute(vectorbt, "supertrend", period=10)

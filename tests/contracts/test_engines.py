"""Every engine honours the fill contract: one suite over all adapters."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from pyarrow import csv

from apps.analysis.run_options import protection_of, sizing_of
from apps.engines.contracts import (
    Bars,
    Costs,
    MarketRules,
    Protection,
    RunRequest,
    SizingKind,
)
from apps.engines.errors import UnsupportedByEngine
from apps.engines.refusals import options_check
from apps.engines.registry import (
    engine_capabilities,
    engine_get,
    engine_list,
    engine_load,
    unavailable_reason,
)
from apps.engines.tests.requests import bars_of, request_of, requests
from apps.engines.verify import result_verify
from apps.market.enums import Timeframe
from apps.strategies.signals import signals_compute
from apps.strategies.templates import template_list

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.core.errors import ErrorDetail
    from apps.engines.contracts import (
        Engine,
        RunResult,
    )
    from apps.strategies.templates import StrategyTemplate

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "ohlcv"
OTHERS = [spec.name for spec in engine_list() if spec.name != "reference"]
# Engines that honour the contract for strategies without intrabar stops, and say so.
WITHOUT_STOPS = {"hftbacktest"}
STOPS = ("stop_loss", "take_profit", "trailing_stop")
FLAT = (100.0, 101.0, 99.0, 100.0)


@cache
def engine(name: str) -> Engine:
    reason = unavailable_reason(engine_get(name))
    if reason is not None:
        pytest.skip(reason)
    return engine_load(name)


def honoured(name: str, request: RunRequest) -> RunRequest:
    """Return the request without the stops that the engine refuses by name."""
    can = engine_capabilities(engine_get(name))
    asked = [stop for stop in STOPS if getattr(request.protection, stop)]
    refused = [stop for stop in asked if not getattr(can, stop)]
    if not refused:
        return request
    assert name in WITHOUT_STOPS
    with pytest.raises(UnsupportedByEngine) as raised:
        engine(name).run(request)
    found: tuple[ErrorDetail, ...] = raised.value.details
    assert [detail.attr for detail in found] == refused
    kept = replace(request.protection, **dict.fromkeys(refused))
    return replace(request, protection=kept)


def assert_same(request: RunRequest, one: RunResult, other: RunResult) -> None:
    for name in ("entry_bar", "exit_bar", "side", "quantity", "entry_price"):
        np.testing.assert_array_equal(
            getattr(one.trades, name), getattr(other.trades, name), err_msg=name
        )
    for name in ("exit_price", "exit_reason", "gaps"):
        np.testing.assert_array_equal(
            getattr(one.trades, name), getattr(other.trades, name), err_msg=name
        )
    notional = one.trades.quantity * one.trades.entry_price
    difference = np.abs(one.trades.profit - other.trades.profit)
    assert (difference <= 1e-6 * notional).all()
    np.testing.assert_allclose(one.equity, other.equity, atol=1e-6 * request.capital)
    assert one.skipped == other.skipped


@pytest.mark.parametrize("name", OTHERS)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(request_=requests())
def test_any_request_gives_the_trades_of_the_reference(
    name: str, request_: RunRequest
) -> None:
    request_ = honoured(name, request_)
    result = engine(name).run(request_)
    result_verify(request_, result)
    assert_same(request_, engine("reference").run(request_), result)


@settings(max_examples=100, deadline=None)
@given(request_=requests(shorts=True))
def test_the_reference_keeps_its_books_with_shorts_too(request_: RunRequest) -> None:
    result_verify(request_, engine("reference").run(request_))


@pytest.mark.parametrize("name", ["reference", *OTHERS])
def test_the_same_request_gives_the_same_result_again(name: str) -> None:
    bars = bars_of([FLAT, (100, 106, 94, 101)] * 20)
    request = request_of(bars, enter=range(0, 38, 5), protection=Protection(0.05, 0.05))
    request = honoured(name, request)
    first, second = engine(name).run(request), engine(name).run(request)
    assert_same(request, first, second)


@pytest.mark.parametrize("name", ["reference", *OTHERS])
def test_a_strategy_that_never_enters_leaves_the_capital_alone(name: str) -> None:
    result = engine(name).run(request_of(bars_of([FLAT] * 10)))
    assert len(result.trades) == 0
    assert (result.equity == 10_000).all()


@pytest.mark.parametrize("name", ["reference", *OTHERS])
def test_a_run_does_not_change_what_it_was_given(name: str) -> None:
    bars = bars_of([FLAT, (100, 106, 94, 101)] * 10)
    request = request_of(bars, enter=[0, 7], protection=Protection(0.05, 0.05))
    request = honoured(name, request)
    before = json.dumps(_plain(request))
    engine(name).run(request)
    assert json.dumps(_plain(request)) == before


def _plain(request: RunRequest) -> list[list[float]]:
    bars, signals = request.bars, request.signals
    arrays = (bars.open, bars.high, bars.low, bars.close, signals.entry_long)
    return [array.tolist() for array in arrays]


def test_an_option_that_an_engine_cannot_honour_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedByEngine) as raised:
        options_check(
            engine="vectorbt",
            capabilities=engine_capabilities(engine_get("vectorbt")),
            shorts=True,
            protection=Protection(trailing_stop=0.02),
            sizing=SizingKind.RISK_PER_TRADE,
        )
    found: tuple[ErrorDetail, ...] = raised.value.details
    assert [detail.attr for detail in found] == [
        "entry.short",
        "trailing_stop",
        "sizing.kind",
    ]


@pytest.mark.parametrize("template", template_list(), ids=lambda one: one.key)
@pytest.mark.parametrize("name", ["reference", *OTHERS])
def test_every_engine_honours_every_template_or_refuses_its_stops_by_name(
    name: str, template: StrategyTemplate
) -> None:
    definition = template.definition
    protection = protection_of(definition)
    asked = [stop for stop in STOPS if getattr(protection, stop)]
    try:
        options_check(
            engine=name,
            capabilities=engine_capabilities(engine_get(name)),
            shorts=definition.entry.short is not None,
            protection=protection,
            sizing=sizing_of(definition).kind,
        )
    except UnsupportedByEngine as refusal:
        assert name in WITHOUT_STOPS
        assert [detail.attr for detail in refusal.details] == asked
    else:
        assert name not in WITHOUT_STOPS or not asked


def _files() -> list[str]:
    manifest = DATA / "MANIFEST.json"
    if not manifest.exists():
        return []
    listed = json.loads(manifest.read_text())
    # The funding rates and mark prices are no candles, the defective file is refused.
    unusable = ("funding", "mark", "DEFECTIVE")
    return [
        one["file"]
        for one in listed
        if not any(word in one["file"] for word in unusable)
    ]


@cache
def _bars(file: str) -> tuple[Bars, int]:
    path = DATA / file
    table = csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)
    table = table.rename_columns([name.lower() for name in table.column_names])
    time = table[table.column_names[0]].to_numpy().astype("datetime64[ns]")
    columns = [table[name].to_numpy() for name in ("open", "high", "low", "close")]
    decimals = _decimals(columns)
    prices = [np.round(column, decimals) for column in columns]
    volume = np.ascontiguousarray(table["volume"].to_numpy())
    steps = np.diff(time.astype(np.int64))
    values, counts = np.unique(steps, return_counts=True)
    step = int(values[counts.argmax()])
    assert step in {frame.nanoseconds for frame in Timeframe}
    open_, high, low, close = prices
    bars = Bars(time.astype(np.int64), open_, high, low, close, volume, step)
    return bars, decimals


def _decimals(columns: list[NDArray[np.float64]]) -> int:
    for decimals in range(9):
        if all(np.allclose(np.round(c, decimals), c, rtol=1e-12) for c in columns):
            return decimals
    return 8


@pytest.mark.skipif(not _files(), reason="the shared market data is not here")
@pytest.mark.parametrize("file", _files())
@pytest.mark.parametrize("template", template_list(), ids=lambda one: one.key)
@pytest.mark.parametrize("name", OTHERS)
def test_every_template_on_real_candles_gives_the_trades_of_the_reference(
    name: str, template: StrategyTemplate, file: str
) -> None:
    definition = template.definition
    bars, decimals = _bars(file)
    request = RunRequest(
        bars=bars,
        signals=signals_compute(definition, {}, bars),
        market=MarketRules(
            price_tick=Decimal(1).scaleb(-decimals),
            quantity_step=Decimal("0.00001"),
            min_quantity=Decimal(0),
            min_notional=Decimal(5),
        ),
        sizing=sizing_of(definition),
        protection=protection_of(definition),
        costs=Costs(float(definition.fees), 0.0005),
        capital=10_000.0,
    )
    request = honoured(name, request)
    result = engine(name).run(request)
    result_verify(request, result)
    assert_same(request, engine("reference").run(request), result)

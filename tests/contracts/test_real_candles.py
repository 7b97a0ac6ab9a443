"""Every template on every series of real candles, in every engine."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from apps.analysis.run_options import protection_of, sizing_of
from apps.engines.contracts import Bars, Costs, MarketRules, RunRequest
from apps.engines.verify import result_verify
from apps.market.enums import Timeframe
from apps.strategies.signals import signals_compute
from apps.strategies.templates import template_list
from tests.contracts.running import (
    BATCHED,
    OTHERS,
    assert_same,
    engine,
    honoured,
    run_all,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apps.engines.contracts import RunResult
    from apps.strategies.templates import StrategyTemplate

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "ohlcv"
TEMPLATES = {template.key: template for template in template_list()}
# freqtrade takes 0.1 ms a bar and run, six runs a file: of the longest files it gets the
# latest bars, the other engines get them whole.
MOST_BATCHED = 6_000


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


@cache
def _latest_bars(file: str) -> Bars:
    bars, _ = _bars(file)
    columns = {
        field.name: getattr(bars, field.name)[-MOST_BATCHED:]
        for field in fields(bars)
        if field.name != "timeframe_ns"
    }
    return replace(bars, **columns)


def _request(name: str, template: StrategyTemplate, file: str) -> RunRequest:
    definition = template.definition
    bars, decimals = _bars(file)
    if name in BATCHED:
        bars = _latest_bars(file)
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
    return honoured(name, request)


@cache
def _together(name: str, file: str) -> dict[str, RunResult]:
    """Run all templates on a file in one program; they have one fee."""
    asked = [_request(name, template, file) for template in TEMPLATES.values()]
    return dict(zip(TEMPLATES, run_all(name, asked), strict=True))


@pytest.mark.skipif(not _files(), reason="the shared market data is not here")
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("file", _files())
@pytest.mark.parametrize("name", OTHERS)
def test_every_template_on_real_candles_gives_the_trades_of_the_reference(
    name: str, template: str, file: str
) -> None:
    request = _request(name, TEMPLATES[template], file)
    if name in BATCHED:
        result = _together(name, file)[template]
    else:
        result = engine(name).run(request)
    result_verify(request, result)
    assert_same(request, engine("reference").run(request), result)

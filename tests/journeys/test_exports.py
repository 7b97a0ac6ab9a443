"""A strategy taken along: each export runs in its engine and makes the same trades."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from apps.engines.registry import engine_get, unavailable_reason
from apps.strategies.export import ExportEngine
from apps.strategies.signals import signals_compute
from apps.strategies.templates import template_list
from tests.journeys.exports import (
    assert_same,
    away,
    bars_make,
    changed,
    expected,
    export_write,
    freqtrade_run,
    script_run,
    scripts_run,
    trades_read,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apps.strategies.definition import StrategyDefinition

TEMPLATES = {template.key: template.definition for template in template_list()}
NEVER = {"long": None, "short": None}
# What no template asks for.
SLIPPED = changed("ema_rsi", slippage="0.0007", take_profit="0.03")
TRAILED = changed(
    "ema_rsi",
    slippage="0.0007",
    trailing_stop="0.03",
    sizing={"kind": "percent_of_equity", "fraction": "0.5"},
)
TRAILED_ALONE = changed(
    "sma_cross", exit=NEVER, trailing_stop="0.04", timeframe="15m", fees="0"
)
AT_RISK = changed(
    "bollinger_breakout", sizing={"kind": "risk_per_trade", "fraction": "0.02"}
)
TARGETED = changed("sma_cross", exit=NEVER, take_profit="0.05", timeframe="1d")
# Wants to enter at the very last open too, where nothing is held.
RESTLESS = changed(
    "sma_cross",
    entry={"long": "close > open", "short": None},
    exit={"long": "close < open", "short": None},
    sizing={"kind": "percent_of_equity", "fraction": "0.5"},
)

SCRIPTS = {
    ExportEngine.VECTORBT: {**TEMPLATES, "slipped": SLIPPED, "targeted": TARGETED},
    ExportEngine.NAUTILUS: {
        **TEMPLATES,
        "trailed": TRAILED,
        "trailed_alone": TRAILED_ALONE,
        "at_risk": AT_RISK,
        "targeted": TARGETED,
    },
}


def needs(engine: ExportEngine) -> None:
    """Skip where an engine is not installed."""
    reason = unavailable_reason(engine_get(engine.value))
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ExportEngine], Path]:
    """Return where an engine's scripts have written their trades, a folder of each."""

    @cache
    def run(engine: ExportEngine) -> Path:
        needs(engine)
        root, scripts = tmp_path_factory.mktemp(engine.value), []
        for name, definition in SCRIPTS[engine].items():
            (root / name).mkdir()
            bars = bars_make(definition, holes=True)
            scripts.append(export_write(root / name, definition, engine, bars))
        scripts_run(root, scripts)
        return root

    return run


@pytest.mark.parametrize(
    ("engine", "name"),
    [(engine, name) for engine, cases in SCRIPTS.items() for name in cases],
)
def test_a_script_makes_the_trades_of_the_contract(
    engine: ExportEngine, name: str, written: Callable[[ExportEngine], Path]
) -> None:
    definition = SCRIPTS[engine][name]
    found = trades_read(written(engine) / name)
    assert_same(found, expected(definition, bars_make(definition, holes=True)))


@pytest.mark.parametrize("engine", SCRIPTS)
def test_a_script_runs_by_the_command_that_it_names(
    engine: ExportEngine, tmp_path: Path
) -> None:
    needs(engine)
    definition = TEMPLATES["sma_cross"]
    bars = bars_make(definition)
    script = export_write(tmp_path, definition, engine, bars)
    assert_same(script_run(script), expected(definition, bars))


def test_a_nautilus_script_decides_the_same_bar_by_bar_as_on_live_data(
    tmp_path: Path,
) -> None:
    needs(ExportEngine.NAUTILUS)
    definition = TEMPLATES["ema_rsi"]
    bars = bars_make(definition, 400)
    script = export_write(tmp_path, definition, ExportEngine.NAUTILUS, bars)
    assert_same(script_run(script, "--bar-by-bar"), expected(definition, bars))


# The program takes some seconds to start; each way to leave a trade is among these.
@pytest.mark.parametrize(
    "definition",
    [TEMPLATES["sma_cross"], TEMPLATES["ema_rsi"], AT_RISK, RESTLESS],
    ids=["sma_cross", "ema_rsi", "at_risk", "restless"],
)
def test_a_freqtrade_strategy_makes_the_trades_of_the_contract(
    definition: StrategyDefinition, tmp_path: Path
) -> None:
    needs(ExportEngine.FREQTRADE)
    bars = bars_make(definition)
    folder = export_write(tmp_path, definition, ExportEngine.FREQTRADE, bars)
    assert_same(freqtrade_run(folder, bars), expected(definition, bars))


def test_the_bars_try_each_way_to_leave_a_trade() -> None:
    told = {
        trade.reason
        for definition in (TEMPLATES["sma_cross"], TEMPLATES["ema_rsi"], TRAILED)
        for trade in expected(definition, bars_make(definition))
    }
    assert told == {
        "signal",
        "stop_loss",
        "take_profit",
        "trailing_stop",
        "end_of_data",
    }


def test_the_bars_try_an_entry_that_comes_too_late() -> None:
    bars = bars_make(RESTLESS)
    wanted = signals_compute(RESTLESS, {}, bars).entry_long
    assert wanted[-2]
    assert expected(RESTLESS, bars)[-1].exit < bars.time[-1]


def test_parallax_is_out_of_reach_where_exports_are_run(tmp_path: Path) -> None:
    look = "import importlib.util as u; print(u.find_spec('apps'))"
    assert away(tmp_path, sys.executable, "-c", look) == "None\n"

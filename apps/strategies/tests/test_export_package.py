"""What an export is: one file, the same bytes, and a refusal rather than a surprise."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.engines.contracts import MarketRules
from apps.engines.errors import UnsupportedByEngine
from apps.market.enums import Timeframe
from apps.strategies.export import ExportEngine, Market, strategy_export
from apps.strategies.templates import template_list
from apps.strategies.tests.exporting import definition_of, subject_of

if TYPE_CHECKING:
    from apps.strategies.export import ExportFile

ROOT = Path(__file__).parents[3]
TEMPLATES = template_list()
COARSE = Market(
    base="1INCH.X",
    quote="USDT",
    rules=MarketRules(
        price_tick=Decimal("0.050000000000000000"),
        quantity_step=Decimal("0.5"),
        min_quantity=Decimal(1),
        min_notional=Decimal("7.25"),
    ),
    is_given=True,
)
RISK = {"kind": "risk_per_trade", "fraction": "0.01"}


def texts_of(file: ExportFile) -> dict[str, str]:
    """Return the texts of an export by name, without the folder of an archive."""
    if file.content_type != "application/zip":
        return {file.name: file.content.decode()}
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        return {
            Path(name).name: archive.read(name).decode() for name in archive.namelist()
        }


def scripts_of(file: ExportFile) -> dict[str, str]:
    """Return the Python files of an export by name."""
    return {name: text for name, text in texts_of(file).items() if name.endswith(".py")}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
@pytest.mark.parametrize("engine", ExportEngine)
def test_every_template_compiles_and_names_its_version_and_hash(
    engine: ExportEngine, template: Any
) -> None:
    subject = subject_of(template.definition, version=12)

    scripts = scripts_of(strategy_export(subject, engine))

    for name, text in scripts.items():
        compile(text, name, "exec")
        assert "from apps" not in text
        assert "import apps" not in text
    (strategy,) = (text for text in scripts.values() if "CONTENT_HASH" in text)
    assert f"# Strategy: {template.definition.name}\n# Version:  12\n" in strategy
    assert f"# SHA-256:  {subject.content_hash}\n" in strategy
    assert "VERSION = 12\n" in strategy
    assert f'CONTENT_HASH = "{subject.content_hash}"\n' in strategy


@pytest.mark.parametrize("timeframe", Timeframe)
@pytest.mark.parametrize("engine", ExportEngine)
def test_every_timeframe_can_be_exported(
    engine: ExportEngine, timeframe: Timeframe
) -> None:
    subject = subject_of(definition_of(timeframe=timeframe.value))

    for name, text in scripts_of(strategy_export(subject, engine)).items():
        compile(text, name, "exec")
        assert f'"{timeframe.value}"' in text


@pytest.mark.parametrize("engine", ExportEngine)
def test_the_same_strategy_gives_the_same_bytes(engine: ExportEngine) -> None:
    subject = subject_of(definition_of())

    assert strategy_export(subject, engine) == strategy_export(subject, engine)


def test_an_archive_holds_sorted_names_in_one_folder_and_no_moment() -> None:
    file = strategy_export(subject_of(definition_of()), ExportEngine.FREQTRADE)

    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert [entry.filename for entry in entries] == [
        "sma_cross_freqtrade/README.md",
        "sma_cross_freqtrade/SmaCross.py",
        "sma_cross_freqtrade/config.json",
        "sma_cross_freqtrade/import_candles.py",
    ]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert (file.name, file.content_type) == (
        "sma_cross_freqtrade.zip",
        "application/zip",
    )


@pytest.mark.parametrize("engine", [ExportEngine.NAUTILUS, ExportEngine.VECTORBT])
def test_a_script_is_never_called_like_the_library_that_it_imports(
    engine: ExportEngine,
) -> None:
    file = strategy_export(subject_of(definition_of(name=engine.value)), engine)

    assert file.name == f"{engine.value}_{engine.value}.py"
    assert f"python {file.name} candles.csv" in file.content.decode()


@pytest.mark.parametrize("engine", ExportEngine)
def test_the_rules_of_the_market_go_along(engine: ExportEngine) -> None:
    subject = subject_of(definition_of(), market=COARSE)

    texts = texts_of(strategy_export(subject, engine))

    strategy = next(text for text in texts.values() if "CONTENT_HASH =" in text)
    assert 'PRICE_TICK = "0.05"\nQUANTITY_STEP = "0.5"\n' in strategy
    assert "MIN_QUANTITY = 1.0\nMIN_NOTIONAL = 7.25\n" in strategy
    assert "as they are stored with the candles" in strategy
    if engine is ExportEngine.NAUTILUS:
        assert 'Symbol("1INCH.X/USDT")' in strategy
    if engine is ExportEngine.FREQTRADE:
        config = json.loads(texts["config.json"])
        market = config["exchange"]["ccxt_config"]["markets"]["1INCH.X/USDT"]
        assert market["precision"] == {"price": 0.05, "amount": 0.5}
        # As freqtrade itself names the file of such a pair.
        assert 'FILE = "1INCH_X_USDT-1h.feather"' in texts["import_candles.py"]


@pytest.mark.parametrize("engine", ExportEngine)
def test_a_guess_of_a_market_says_that_it_is_one(engine: ExportEngine) -> None:
    texts = texts_of(strategy_export(subject_of(definition_of()), engine))

    assert any("a grid finer than any" in text for text in texts.values())


def refused(engine: ExportEngine, **changes: object) -> list[str | None]:
    """Return the options that an export is refused for."""
    with pytest.raises(UnsupportedByEngine) as caught:
        strategy_export(subject_of(definition_of(**changes)), engine)
    assert {detail.code for detail in caught.value.details} == {"unsupported_by_engine"}
    return [detail.attr for detail in caught.value.details]


@pytest.mark.parametrize("engine", ExportEngine)
def test_shorts_are_refused_by_name(engine: ExportEngine) -> None:
    entry = {"long": None, "short": "close < fast_ma"}

    assert refused(engine, entry=entry) == ["entry.short"]


def test_all_that_vectorbt_cannot_honour_is_told_at_once() -> None:
    told = refused(
        ExportEngine.VECTORBT,
        entry={"long": "close > fast_ma", "short": "close < fast_ma"},
        trailing_stop="0.02",
        sizing=RISK,
    )

    assert told == ["entry.short", "trailing_stop", "sizing.kind"]


def test_freqtrade_is_asked_for_neither_slippage_nor_a_trailing_stop() -> None:
    told = refused(ExportEngine.FREQTRADE, trailing_stop="0.02", slippage="0.0005")

    assert told == ["trailing_stop", "slippage"]


def test_slippage_may_be_left_out_for_freqtrade() -> None:
    slipped = subject_of(definition_of(slippage="0.0005"))
    with pytest.raises(UnsupportedByEngine, match="slippage=0"):
        strategy_export(slipped, ExportEngine.FREQTRADE)

    free = replace(slipped, slippage=Decimal(0))

    assert "SmaCross.py" in texts_of(strategy_export(free, ExportEngine.FREQTRADE))


@pytest.mark.parametrize("engine", [ExportEngine.NAUTILUS, ExportEngine.VECTORBT])
def test_slippage_goes_along_where_it_can(engine: ExportEngine) -> None:
    slipped = subject_of(definition_of(slippage="0.0005"))

    assert b"SLIPPAGE = 0.0005" in strategy_export(slipped, engine).content


@pytest.mark.parametrize("kind", ["percent_of_equity", "risk_per_trade"])
@pytest.mark.parametrize("engine", [ExportEngine.NAUTILUS, ExportEngine.FREQTRADE])
@pytest.mark.parametrize("target", [None, "0.1"])
def test_every_way_to_size_an_entry_compiles(
    engine: ExportEngine, kind: str, target: str | None
) -> None:
    sizing = {"kind": kind, "fraction": "0.25"}
    subject = subject_of(definition_of(sizing=sizing, take_profit=target))

    for name, text in scripts_of(strategy_export(subject, engine)).items():
        compile(text, name, "exec")


@pytest.mark.parametrize("stop", [None, "0.05"])
@pytest.mark.parametrize("target", [None, "0.1"])
@pytest.mark.parametrize("trail", [None, "0.02"])
def test_every_set_of_exits_compiles_and_leaves_out_the_rest(
    stop: str | None, target: str | None, trail: str | None
) -> None:
    definition = definition_of(stop_loss=stop, take_profit=target, trailing_stop=trail)

    (text,) = scripts_of(
        strategy_export(subject_of(definition), ExportEngine.NAUTILUS)
    ).values()

    compile(text, "exported", "exec")
    assert ("STOP_LOSS" in text) == (stop is not None)
    assert ("TAKE_PROFIT" in text) == (target is not None)
    assert ("TRAILING_STOP" in text) == (trail is not None)


def test_the_cash_of_a_backtest_is_enough_for_some_entries() -> None:
    def capital(amount: str) -> Decimal:
        sizing = {"kind": "fixed_quote", "amount": amount}
        return subject_of(definition_of(sizing=sizing)).capital

    assert (capital("10"), capital("5000")) == (Decimal(10_000), Decimal(50_000))


def test_writing_an_export_loads_no_engine_and_no_pandas() -> None:
    code = (
        "import sys, apps.strategies.export;"
        "heavy = {'pandas', 'talib', 'numba', 'vectorbt', 'nautilus_trader'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

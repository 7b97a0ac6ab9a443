"""Running an export away from Parallax, and the trades that it should make."""

from __future__ import annotations

import ast
import csv
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.reference.adapter import ReferenceEngine
from apps.engines.contracts import (
    Bars,
    Costs,
    ExitReason,
    MarketRules,
    RunRequest,
    Sizing,
)
from apps.strategies.definition import definition_hash, definition_parse
from apps.strategies.export import Market, Subject, strategy_export
from apps.strategies.signals import signals_compute
from apps.strategies.templates import template_get

if TYPE_CHECKING:
    from apps.strategies.definition import StrategyDefinition
    from apps.strategies.export import ExportEngine

# So many that trades are open at the end, and others would begin there.
COUNT = 1_307
START_NS = 1_600_041_600_000_000_000  # 2020-09-14T00:00:00Z
REASONS = tuple(ExitReason)
RULES = MarketRules(
    price_tick=Decimal("0.01"),
    quantity_step=Decimal("0.0001"),
    min_quantity=Decimal("0.0001"),
    min_notional=Decimal(5),
)
ONE_BY_ONE = """
import os, runpy, sys
for script in sys.argv[1:]:
    folder, name = os.path.split(script)
    os.chdir(folder)
    sys.argv = [name, "candles.csv", "trades.csv"]
    runpy.run_path(name, run_name="__main__")
"""
# What no export may import.
FOREIGN = {"apps", "config", "django", "rest_framework"}


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade as every engine tells it; times in ns since 1970, prices in quote units."""

    entry: int
    exit: int
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    reason: str


def bars_make(
    definition: StrategyDefinition, count: int = COUNT, *, holes: bool = False
) -> Bars:
    """Return bars with trends, ranges and jumps on the tick, always the same.

    Args:
        definition: Says how long a bar is.
        count: How many there are.
        holes: Whether some are missing.
    """
    random = np.random.default_rng(11)
    drift = 0.003 * np.sin(np.arange(count) / 60)
    close = 100 * np.exp(np.cumsum(random.normal(drift, 0.012)))
    jump = 1 + random.normal(0, 0.01, count) * (random.random(count) < 0.1)
    opening = np.concatenate(([100.0], close[:-1])) * jump
    spread = np.abs(random.normal(0, 0.006, (2, count))) * close
    high = np.maximum(opening, close) + spread[0]
    low = np.minimum(opening, close) - spread[1]
    step = definition.timeframe.nanoseconds
    steps = random.choice([1, 1, 1, 1, 1, 3], count) if holes else np.ones(count, int)
    return Bars(
        time=START_NS + np.cumsum(steps, dtype=np.int64) * step,
        open=np.round(opening, 2),
        high=np.round(high, 2),
        low=np.round(low, 2),
        close=np.round(close, 2),
        volume=np.round(random.uniform(1, 10, count), 3),
        timeframe_ns=step,
    )


def changed(template: str, **changes: Any) -> StrategyDefinition:
    """Return a template with some of its fields replaced."""
    data = template_get(template).definition.model_dump(mode="json")
    return definition_parse(data | changes)


def subject_of(definition: StrategyDefinition) -> Subject:
    """Return a strategy on its way out, as its own third version, to a known market."""
    return Subject(
        definition=definition,
        version=3,
        content_hash=definition_hash(definition),
        market=Market(base="BTC", quote="USDT", rules=RULES, is_given=True),
        slippage=definition.slippage,
    )


def expected(definition: StrategyDefinition, bars: Bars) -> list[Trade]:
    """Return the trades of the fill contract."""
    subject = subject_of(definition)
    kind, size = subject.sizing
    request = RunRequest(
        bars=bars,
        signals=signals_compute(definition, {}, bars),
        market=RULES,
        sizing=Sizing(kind, float(size)),
        protection=subject.protection,
        costs=Costs(float(definition.fees), float(definition.slippage)),
        capital=float(subject.capital),
    )
    found = ReferenceEngine().run(request).trades
    return [
        Trade(
            entry=int(bars.time[found.entry_bar[i]]),
            exit=int(bars.time[found.exit_bar[i]]),
            quantity=float(found.quantity[i]),
            entry_price=float(found.entry_price[i]),
            exit_price=float(found.exit_price[i]),
            profit=float(found.profit[i]),
            reason=REASONS[found.exit_reason[i]].value,
        )
        for i in range(len(found))
    ]


def assert_same(found: list[Trade], reference: list[Trade]) -> None:
    """Hold two lists to one another: all but money to the last digit."""
    assert reference, "these bars say nothing"
    assert len(found) == len(reference)
    for one, other in zip(found, reference, strict=True):
        assert (one.entry, one.exit) == (other.entry, other.exit)
        assert one.quantity == other.quantity, other
        assert one.entry_price == other.entry_price, other
        assert abs(one.exit_price - other.exit_price) < 1e-9, other
        assert abs(one.profit - other.profit) < 1e-5, other
        assert one.reason == other.reason, other


def candles_write(path: Path, bars: Bars) -> None:
    """Write bars as the CSV file that every export reads, times in milliseconds."""
    columns = (bars.time // 10**6, bars.open, bars.high, bars.low, bars.close)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "open", "high", "low", "close", "volume"])
        values = (one.tolist() for one in (*columns, bars.volume))
        rows.writerows(zip(*values, strict=True))


def export_write(
    folder: Path, definition: StrategyDefinition, engine: ExportEngine, bars: Bars
) -> Path:
    """Put an export and a file of candles into a folder; return what is to be run."""
    candles_write(folder / "candles.csv", bars)
    file = strategy_export(subject_of(definition), engine)
    path = folder / file.name
    path.write_bytes(file.content)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        path = path.with_suffix("")
    for script in [path] if path.is_file() else sorted(path.glob("*.py")):
        assert imported(script.read_text()).isdisjoint(FOREIGN)
    return path


def imported(source: str) -> set[str]:
    """Return the packages that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
    return found


def away(folder: Path, *command: str) -> str:
    """Run a program in a folder from which nothing of Parallax can be reached."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if "NUMBA_CACHE_DIR" in os.environ:  # else each run compiles anew
        environment["NUMBA_CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-4_000:]
    return done.stdout


def script_run(script: Path, *options: str) -> list[Trade]:
    """Run an exported script as its own text says; return the trades it wrote."""
    guide = next(
        line.split()
        for line in script.read_text().splitlines()
        if line.startswith("    python ")
    )
    away(script.parent, sys.executable, *guide[1:], *options)
    return trades_read(script.parent)


def scripts_run(folder: Path, scripts: list[Path]) -> None:
    """Run scripts one after the other in one process, which loads the engine once."""
    away(folder, sys.executable, "-c", ONE_BY_ONE, *map(str, scripts))


def trades_read(folder: Path) -> list[Trade]:
    """Return the trades that a script has written."""
    with (folder / "trades.csv").open(newline="") as file:
        return [_row_trade(row) for row in csv.DictReader(file)]


def _row_trade(row: dict[str, str]) -> Trade:
    def moment(text: str) -> int:
        time = np.datetime64(text.removesuffix("+00:00"), "ns")
        return int(time.astype(np.int64))

    return Trade(
        entry=moment(row["entry_time"]),
        exit=moment(row["exit_time"]),
        quantity=float(row["quantity"]),
        entry_price=float(row["entry_price"]),
        exit_price=float(row["exit_price"]),
        profit=float(row["profit"]),
        reason=row["exit_reason"],
    )


def freqtrade_run(folder: Path, bars: Bars) -> list[Trade]:
    """Follow the guide of an export to freqtrade; return the trades it exported."""
    away(folder, sys.executable, "import_candles.py", "../candles.csv")
    guide = (folder / "README.md").read_text()
    start = guide.index("    freqtrade backtesting")
    command = guide[start : guide.index("\n\n", start)].replace("\\\n", " ").split()
    program = Path(sys.executable).with_name(command[0])
    away(folder, str(program), *command[1:])
    (archive,) = (folder / "backtest_results").glob("*.zip")
    with zipfile.ZipFile(archive) as results:
        told = json.loads(results.read(f"{archive.stem}.json"))["strategy"]
    (strategy,) = told.values()
    return [_told_trade(trade, int(bars.time[-1])) for trade in strategy["trades"]]


def _told_trade(trade: dict[str, Any], last: int) -> Trade:
    reasons = {"exit_signal": "signal", "roi": "take_profit"}
    reason, end = trade["exit_reason"], trade["close_timestamp"] * 10**6
    # The flat candle that the import adds stands for the last close.
    is_over = end > last
    return Trade(
        entry=trade["open_timestamp"] * 10**6,
        exit=last if is_over else end,
        quantity=trade["amount"],
        entry_price=trade["open_rate"],
        exit_price=trade["close_rate"],
        profit=trade["profit_abs"],
        reason="end_of_data" if is_over else reasons.get(reason, reason),
    )

"""vectorbt without the service: a script that reads candles and runs one strategy.

python -m tests.benchmarks.bare_vectorbt FILE RUNS

Prints the median of the runs' seconds: read, signals, run; imported and warm before.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from apps.engines.adapters.vectorbt.adapter import VectorbtEngine
from apps.engines.contracts import (
    Costs,
    MarketRules,
    Protection,
    RunRequest,
    Sizing,
    SizingKind,
)
from apps.market.enums import Timeframe
from apps.market.store.reading import bars_read
from apps.strategies.signals import signals_compute
from apps.strategies.templates import template_get
from tests.benchmarks.timing import medians

if TYPE_CHECKING:
    from apps.engines.contracts import RunResult


def run(path: Path) -> RunResult:
    """Do what the service's job does for one engine, and keep nothing."""
    bars = bars_read(path, timeframe=Timeframe.H1)
    request = RunRequest(
        bars=bars,
        signals=signals_compute(template_get("sma_cross").definition, {}, bars),
        market=MarketRules(
            price_tick=Decimal("0.01"),
            quantity_step=Decimal("0.00001"),
            min_quantity=Decimal("0.00001"),
            min_notional=Decimal(5),
        ),
        sizing=Sizing(SizingKind.FIXED_QUOTE, 1_000.0),
        protection=Protection(),
        costs=Costs(fee_rate=0.001, slippage_rate=0.0),
        capital=10_000.0,
    )
    return VectorbtEngine().run(request)


if __name__ == "__main__":
    call = {"run": partial(run, Path(sys.argv[1]))}
    print(json.dumps(medians(call, rounds=int(sys.argv[2]))["run"]))

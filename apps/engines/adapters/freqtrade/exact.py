"""Contract runs: one strategy each, one market for each series of bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.freqtrade.config import QUOTE, configuration, market
from apps.engines.adapters.freqtrade.files import (
    candles_write,
    rows_write,
    strategy_write,
)
from apps.engines.adapters.freqtrade.mapping import (
    option_of,
    plan_make,
    rows_of,
    units_of,
)
from apps.engines.adapters.freqtrade.results import skipped_count, trades_from
from apps.engines.contracts import RunResult
from apps.engines.equity import equity_curve
from apps.engines.errors import EngineResultInvalid
from apps.engines.grid import grid_of
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from apps.engines.contracts import FloatArray, RunRequest

TEMPLATE = "strategy_exact.py.txt"
TIMEFRAME, MINUTE_MS = "1m", 60_000
START_MS = 946_684_800_000  # 2000-01-01, the made-up time of each bar 0
# An entry needs a bar before it and one after.
FEWEST_BARS = 3
# More than any run could need, in price units: what a run can pay for is checked against
# its own cash (rule 7), where freqtrade would shrink the order or stop trading.
WEALTH = 1e30


class Work:
    """What one program does by the contract, and what came of it.

    Args:
        requests: With one fee.
    """

    def __init__(self, requests: Sequence[RunRequest]) -> None:
        self._requests = requests
        self._plans = [plan_make(request) for request in requests]
        # freqtrade takes no empty file.
        self._long = [
            number
            for number, request in enumerate(requests)
            if len(request.bars) >= FEWEST_BARS
        ]
        self.needed = bool(self._long)

    def write(self, directory: Path) -> dict[str, Any]:
        """Write the files of the run and return its configuration."""
        bases: dict[tuple[int, Decimal, Decimal], str] = {}
        markets: list[dict[str, Any]] = []
        options: list[dict[str, Any]] = []
        classes = ""
        for number in self._long:
            request, plan = self._requests[number], self._plans[number]
            rules = request.market
            units = units_of(request.bars, grid_of(rules.price_tick).scale)
            key = (id(request.bars), rules.price_tick, rules.quantity_step)
            if key not in bases:
                bases[key] = f"M{len(bases)}"
                _candles_write(directory, bases[key], units)
                step = float(rules.quantity_step)
                markets.append(market(bases[key], price_tick=1.0, quantity_step=step))
            rows = rows_write(directory, f"run{number}", rows_of(request, plan, units))
            classes += _class_of(request, number, len(options))
            options.append(option_of(request, f"{bases[key]}/{QUOTE}", rows))
        strategy_write(directory, TEMPLATE, classes)
        return configuration(
            directory,
            timeframe=TIMEFRAME,
            fee=self._requests[0].costs.fee_rate,
            markets=markets,
            changes={
                "strategy_list": [f"Run{number}" for number in self._long],
                "dry_run_wallet": WEALTH,
                "stake_amount": "unlimited",
                "tradable_balance_ratio": 1.0,
                "amount_reserve_percent": 0.0,
                "parallax": {"start": START_MS // 1000, "runs": options},
            },
        )

    def results(
        self,
        exported: dict[str, list[dict[str, Any]]],
        seconds: float,
        notes: tuple[str, ...],
    ) -> list[RunResult]:
        """Return a result for each request.

        Args:
            exported: Trades by strategy.
            seconds: What the program took for all of them.
            notes: What is to be known of the program.

        Raises:
            EngineResultInvalid: The export cannot be what the requests give.
        """
        found = []
        for number, (request, plan) in enumerate(
            zip(self._requests, self._plans, strict=True)
        ):
            told = exported.get(f"Run{number}") if number in self._long else []
            if told is None:
                msg = "freqtrade's export lacks a run that it was given."
                raise EngineResultInvalid(msg)
            trades = trades_from(request, plan, told, START_MS)
            found.append(
                RunResult(
                    trades=trades,
                    equity=equity_curve(request.bars, trades, request.capital),
                    skipped=skipped_count(request, plan, trades),
                    engine_seconds=seconds / max(len(self._long), 1),
                    versions=versions_of("freqtrade"),
                    notes=notes,
                )
            )
        return found


def _candles_write(directory: Path, base: str, units: dict[str, FloatArray]) -> None:
    count = len(units["open"])
    time = START_MS + np.arange(count, dtype=np.int64) * MINUTE_MS
    # freqtrade's users leave out candles without volume; nothing here depends on it.
    columns = units | {"volume": np.ones(count)}
    candles_write(directory, base, TIMEFRAME, time, columns)


def _class_of(request: RunRequest, number: int, position: int) -> str:
    """Return the lines of one run's strategy; what it does not need costs it no time."""
    protection = request.protection
    parent = "Signals"
    if protection.stop_loss or protection.take_profit:
        parent = "Protected"
    if protection.trailing_stop:
        parent = "Trailing"
    return f"\n\nclass Run{number}({parent}):\n    run = {position}\n"

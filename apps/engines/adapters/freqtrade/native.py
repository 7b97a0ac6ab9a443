"""freqtrade as its own users run it: their defaults, with our signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.freqtrade.config import configuration, market
from apps.engines.adapters.freqtrade.files import (
    candles_write,
    rows_write,
    strategy_write,
)
from apps.engines.adapters.freqtrade.native_options import (
    ignored_of,
    notes_of,
    protection_of,
    sizing_of,
    time_ms_of,
    timeframe_of,
)
from apps.engines.adapters.freqtrade.results import column, reasons_of
from apps.engines.contracts import RunResult, Skipped, Trades
from apps.engines.equity import equity_curve
from apps.engines.errors import EngineResultInvalid
from apps.engines.gaps import gaps_spanned
from apps.engines.versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from apps.engines.contracts import RunRequest

TEMPLATE, STRATEGY, BASE = "strategy_native.py.txt", "Native", "BASE"
FEWEST_BARS = 2  # it has no use for the first


class Work:
    """What one program does by its own rules, and what came of it.

    Args:
        requests: One.

    Raises:
        UnsupportedByEngine: freqtrade would refuse to start.
    """

    def __init__(self, requests: Sequence[RunRequest]) -> None:
        (self._request,) = requests
        self._timeframe = timeframe_of(self._request.bars)
        self._sizing = sizing_of(self._request)
        self._time = time_ms_of(self._request.bars)
        self.needed = len(self._request.bars) >= FEWEST_BARS

    def write(self, directory: Path) -> dict[str, Any]:
        """Write the files of the run and return its configuration."""
        request, bars, rules = self._request, self._request.bars, self._request.market
        names = ("open", "high", "low", "close", "volume")
        columns = {name: getattr(bars, name) for name in names}
        candles_write(directory, BASE, self._timeframe, self._time, columns)
        rows = {
            "entry": self._time[request.signals.entry_long],
            "leave": self._time[request.signals.exit_long],
        }
        strategy_write(directory, TEMPLATE)
        traded = market(
            BASE,
            price_tick=float(rules.price_tick),
            quantity_step=float(rules.quantity_step),
            min_quantity=float(rules.min_quantity),
            min_notional=float(rules.min_notional),
        )
        return configuration(
            directory,
            timeframe=self._timeframe,
            fee=request.costs.fee_rate,
            markets=[traded],
            changes={
                "strategy": STRATEGY,
                "dry_run_wallet": request.capital,
                "parallax": {"rows": rows_write(directory, "native", rows)},
                **self._sizing,
                **protection_of(request),
            },
        )

    def results(
        self,
        exported: dict[str, list[dict[str, Any]]],
        seconds: float,
        notes: tuple[str, ...],
    ) -> list[RunResult]:
        """Return the result; see `exact.Work.results`.

        Raises:
            EngineResultInvalid: The export cannot be read.
        """
        request = self._request
        told = exported.get(STRATEGY) if self.needed else []
        if told is None:
            msg = "freqtrade's export lacks the run that it was given."
            raise EngineResultInvalid(msg)
        trades, made_fills = self._trades(told)
        return [
            RunResult(
                trades=trades,
                equity=equity_curve(request.bars, trades, request.capital),
                # It does not say which entries it left out, nor why.
                skipped=Skipped(),
                engine_seconds=seconds,
                versions=versions_of("freqtrade"),
                notes=(*notes, *notes_of(request, trades, made_fills)),
                ignored=ignored_of(request),
            )
        ]

    def _trades(self, told: list[dict[str, Any]]) -> tuple[Trades, int]:
        """Return freqtrade's trades, and how many fills lie in candles it made up."""
        opened = column(told, "open_timestamp", int)
        closed = column(told, "close_timestamp", int)
        # A candle that it made up lies in the gap behind the bar that is found here.
        entry_bar = np.searchsorted(self._time, opened, "right") - 1
        exit_bar = np.searchsorted(self._time, closed, "right") - 1
        made_fills = int(
            np.count_nonzero(self._time[entry_bar] != opened)
            + np.count_nonzero(self._time[exit_bar] != closed)
        )
        quantity = column(told, "amount", float)
        entry, exit_ = (column(told, f"{one}_rate", float) for one in ("open", "close"))
        entry_fee = column(told, "fee_open", float) * quantity * entry
        exit_fee = column(told, "fee_close", float) * quantity * exit_
        trades = Trades(
            entry_bar=entry_bar,
            exit_bar=exit_bar,
            side=np.ones(len(told), dtype=np.int8),
            quantity=quantity,
            entry_price=entry,
            exit_price=exit_,
            entry_fee=entry_fee,
            exit_fee=exit_fee,
            profit=quantity * (exit_ - entry) - entry_fee - exit_fee,
            exit_reason=reasons_of(told),
            gaps=gaps_spanned(self._request.bars, entry_bar, exit_bar),
        )
        return trades, made_fills

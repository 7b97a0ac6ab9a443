"""What an engine is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from apps.engines.contracts.options import Execution, Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from apps.engines.contracts.market import (
        Bars,
        FloatArray,
        IntArray,
        MarketRules,
        Signals,
    )
    from apps.engines.contracts.options import Costs, Protection, Sizing


class ExitReason(StrEnum):
    """Why a trade ended; the integer codes in `Trades` are positions in this enum."""

    SIGNAL = "signal"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    END_OF_DATA = "end_of_data"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that one run depends on; the same request gives the same result."""

    bars: Bars
    signals: Signals
    market: MarketRules
    sizing: Sizing
    protection: Protection
    costs: Costs
    capital: float
    mode: Mode = Mode.EXACT
    execution: Execution = field(default_factory=Execution)


@dataclass(frozen=True, slots=True)
class Trades:
    """Closed trades as columns of equal length, in order of entry.

    Attributes:
        entry_bar: Index of the bar at whose open the entry filled, int64.
        exit_bar: Index of the bar in which the exit filled, int64.
        side: +1 long, -1 short, int8.
        quantity: Base units.
        entry_price: Quote per base, after slippage, on the tick.
        exit_price: Likewise.
        entry_fee: Quote units.
        exit_fee: Quote units.
        profit: Quote units, after both fees.
        exit_reason: Position in `ExitReason`, int8.
        gaps: Missing stretches of the series between entry and exit, int64.
    """

    entry_bar: IntArray
    exit_bar: IntArray
    side: NDArray[np.int8]
    quantity: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    entry_fee: FloatArray
    exit_fee: FloatArray
    profit: FloatArray
    exit_reason: NDArray[np.int8]
    gaps: IntArray

    def __len__(self) -> int:
        return len(self.entry_bar)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Entries that the contract forbids, counted instead of traded."""

    insufficient_cash: int = 0
    below_minimum: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one engine made of one request.

    Attributes:
        trades: The closed trades.
        equity: Cash plus the position at each bar's close, quote units, float64,
            as long as the bars.
        skipped: Entries not taken, by reason.
        engine_seconds: Wall time of the engine's own call, without start-up,
            transport or mapping.
        versions: Name and version of each library that took part.
        notes: What a reader must know of this result, a sentence each: that a book is
            a model and which, say.
        ignored: Options that had no effect, by name; empty in exact mode.
    """

    trades: Trades
    equity: FloatArray
    skipped: Skipped
    engine_seconds: float
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorRequest:
    """One indicator, to be computed the engine's own way.

    Attributes:
        name: A name of Parallax's catalogue, one of the engine's `native_indicators`.
        inputs: Series by input name, float64, (n,), as `indicator_compute` takes them.
        parameters: All parameters by name.
    """

    name: str
    inputs: Mapping[str, FloatArray]
    parameters: Mapping[str, float]

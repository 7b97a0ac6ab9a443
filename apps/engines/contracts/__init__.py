"""What every engine is given and what it gives back.

Prices and quantities are float64 inside an engine; a price is a multiple of the tick and
a quantity a multiple of the step. Times are int64 nanoseconds since the epoch, UTC; a bar
is named by its open time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engines.contracts.market import (
    Bars,
    MarketRules,
    Signals,
)
from apps.engines.contracts.options import (
    Costs,
    Execution,
    Mode,
    Protection,
    Sizing,
    SizingKind,
)
from apps.engines.contracts.ports import (
    Capabilities,
    Engine,
    IndicatorEngine,
    Prepared,
    PreparingEngine,
)
from apps.engines.contracts.runs import (
    ExitReason,
    IndicatorRequest,
    RunRequest,
    RunResult,
    Skipped,
    Trades,
)

if TYPE_CHECKING:
    from apps.engines.contracts.market import (
        BoolArray as BoolArray,
        FloatArray as FloatArray,
        IntArray as IntArray,
    )

__all__ = [
    "Bars",
    "Capabilities",
    "Costs",
    "Engine",
    "Execution",
    "ExitReason",
    "IndicatorEngine",
    "IndicatorRequest",
    "MarketRules",
    "Mode",
    "Prepared",
    "PreparingEngine",
    "Protection",
    "RunRequest",
    "RunResult",
    "Signals",
    "Sizing",
    "SizingKind",
    "Skipped",
    "Trades",
]

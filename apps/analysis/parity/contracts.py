"""What is compared, and what a comparison says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apps.engines.contracts import (
        Bars,
        BoolArray,
        Costs,
        IntArray,
        MarketRules,
        Protection,
        Signals,
        Sizing,
        Skipped,
        Trades,
    )


NOBODY = -1
"""For an index or a code: there is none."""


class Verdict(StrEnum):
    """What a comparison comes to.

    `agree`: the same trades, prices and quantities to the tick and the step, fees and
    profit within 1e-6 of notional. `agree_within_tolerance`: the same bars, and the rest
    within what was allowed. `differ`: neither.
    """

    AGREE = "agree"
    AGREE_WITHIN_TOLERANCE = "agree_within_tolerance"
    DIFFER = "differ"


class Cause(StrEnum):
    """Why two trades differ, or why one has no counterpart."""

    SIGNAL = "signal"
    FILL_PRICE = "fill_price"
    INTRABAR_ORDER = "intrabar_order"
    FEE = "fee"
    ROUNDING = "rounding"
    SIZING = "sizing"
    UNSUPPORTED_OPTION = "unsupported_option"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far apart trades may be and still agree within tolerance.

    Attributes:
        price_ticks: Prices, in ticks of the instrument.
        quantity_steps: Quantities, in steps of the instrument.
        profit: Fees and profit, as a fraction of the trade's notional, beside what the
            prices and quantities make of them.
    """

    price_ticks: float = 1.0
    quantity_steps: float = 1.0
    profit: float = 0.0001


@dataclass(frozen=True, slots=True)
class Participant:
    """One side of a comparison: an engine's run, or a list of trades from elsewhere.

    Attributes:
        name: How it is called in the report.
        trades: Its trades; where a list from elsewhere does not say a fee, a profit or
            the reason of an exit, it is NaN or `NOBODY` and not compared.
        signals: What it acted on; None where that is not known.
        skipped: Entries it did not take, by reason; None where that is not known.
        ignored: Options of the run that had no effect on it.
        misplaced: Of each trade, whether its time lies on no bar of the series; None:
            no trade does.
    """

    name: str
    trades: Trades
    signals: Signals | None = None
    skipped: Skipped | None = None
    ignored: tuple[str, ...] = ()
    misplaced: BoolArray | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What both sides of a comparison stand on.

    Attributes:
        bars: The series.
        market: The instrument's grid and minimums.
        protection: Stops and target that were asked for.
        costs: Fees and slippage that were asked for.
        sizing: How much an entry was to trade.
        capital: Cash at the start, quote units.
        tolerance: How far apart trades may be.
    """

    bars: Bars
    market: MarketRules
    protection: Protection
    costs: Costs
    sizing: Sizing
    capital: float
    tolerance: Tolerance


@dataclass(frozen=True, slots=True)
class Matches:
    """Trades of two participants, side by side, in order of entry; m rows.

    Attributes:
        first: Index of the first participant's trade, int64; `NOBODY` where it has none.
        second: Likewise of the second.
        cause: Position in `Cause`, int8; `NOBODY` where the two are equal.
        within: Whether what differs is within the tolerance.
        follows: Whether the difference follows from an earlier one.
        detail: A sentence for each row that differs; empty where equal.
    """

    first: IntArray
    second: IntArray
    cause: NDArray[np.int8]
    within: BoolArray
    follows: BoolArray
    detail: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of the paired trades are equal, by what is looked at.

    Attributes:
        paired: Trades that have a counterpart; all figures below are out of these.
        entries: Same bar of entry.
        exits: Same bar of exit, for the same reason.
        prices: Same price at both ends, to the tick.
        quantities: Same quantity, to the step.
        fees: Within 1e-6 of notional.
        profits: Within 1e-6 of notional.
    """

    paired: int
    entries: int
    exits: int
    prices: int
    quantities: int
    fees: int
    profits: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two participants compared.

    Attributes:
        first: The first one's name.
        second: The second one's name.
        verdict: What it comes to.
        agreement: What is equal.
        only_first: Trades that the second lacks.
        only_second: Trades that the first lacks.
        causes: Differing rows by cause.
        profit_difference: All profit of the second less that of the first, quote units.
        matches: Row by row.
    """

    first: str
    second: str
    verdict: Verdict
    agreement: Agreement
    only_first: int
    only_second: int
    causes: dict[str, int]
    profit_difference: float
    matches: Matches

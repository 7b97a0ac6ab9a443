"""One trade of one side as words and figures, for naming causes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apps.analysis.parity.contracts import NOBODY
from apps.engines.contracts import ExitReason

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Participant
    from apps.analysis.parity.equality import Equal
    from apps.engines.contracts import Bars, BoolArray

REASONS = tuple(reason.value for reason in ExitReason)
UNKNOWN = "unknown"
SECOND_NS = 1_000_000_000
# A signal may be acted on later than at once, for latency; this many bars at most.
LATE_BARS = 3


def reason_name(code: int) -> str:
    """Return the name of an exit's reason; `unknown` where a list does not say."""
    return UNKNOWN if code == NOBODY else REASONS[code]


def moment(bars: Bars, index: int) -> str:
    """Return a bar's open time for a sentence, ISO 8601 to the minute."""
    return f"{_opened(bars, index)[:16]}Z"


def moment_served(bars: Bars, index: int) -> str:
    """Return a bar's open time as the API has all moments."""
    return f"{_opened(bars, index)[:19]}.000000Z"


def _opened(bars: Bars, index: int) -> str:
    # A format would cost ten times as much, and lists may be long.
    return datetime.fromtimestamp(int(bars.time[index]) // SECOND_NS, UTC).isoformat()


class Differing(NamedTuple):
    """What of two paired trades differs."""

    entry_bar: bool
    entry_price: bool
    quantity: bool
    exit_bar: bool
    exit_reason: bool
    exit_price: bool
    fee: bool
    profit: bool

    @property
    def entry(self) -> bool:
        """Whether they entered elsewhere."""
        return self.entry_bar or self.entry_price

    @property
    def leave(self) -> bool:
        """Whether they left elsewhere, or for another reason."""
        return self.exit_bar or self.exit_reason or self.exit_price


def differing_of(equal: Equal, row: int) -> Differing:
    """Return what differs in one row."""
    return Differing(
        entry_bar=not equal.entry_bar[row],
        entry_price=not equal.entry_price[row],
        quantity=not equal.quantity[row],
        exit_bar=not equal.exit_bar[row],
        exit_reason=not equal.exit_reason[row],
        exit_price=not equal.exit_price[row],
        fee=not equal.fee[row],
        profit=not equal.profit[row],
    )


class Trade(NamedTuple):
    """One trade of a participant, with what is needed to tell why it is as it is.

    `at_close` says whether its side fills at the close of the bar on which a signal
    becomes known, and not at the next open; `wanted` and `leaves` are the signals of
    this direction, None where they are not known; `previous_exit` is the bar on which
    its side left the trade before, `NOBODY` where there was none; `passed_over` is how
    many entries its side skipped in all.
    """

    name: str
    side: int
    entry_bar: int
    exit_bar: int
    entry_price: float
    exit_price: float
    quantity: float
    fee: float
    profit: float
    reason: str
    ignored: tuple[str, ...]
    misplaced: bool
    at_close: bool
    previous_exit: int
    passed_over: int
    wanted: BoolArray | None
    leaves: BoolArray | None
    bars: Bars

    def entered(self) -> str:
        """Return where and at what price it began, as words."""
        place = self._place(self.entry_bar, self.entry_price)
        return f"{self.name} entered {place} at {self.entry_price:.10g}"

    def left(self) -> str:
        """Return where, at what price and why it ended, as words."""
        place = self._place(self.exit_bar, self.exit_price)
        why = self.reason.replace("_", " ")
        return f"{self.name} left {place} at {self.exit_price:.10g} ({why})"

    def entry_decided(self) -> int | None:
        """Return the bar whose close gave the signal to enter; None: not known."""
        return self._decided(self.wanted, self.entry_bar)

    def exit_decided(self) -> int | None:
        """Return the bar whose close gave the signal to leave; None: not known."""
        return self._decided(self.leaves, self.exit_bar)

    def _decided(self, flags: BoolArray | None, filled: int) -> int | None:
        if flags is None:
            return None
        latest = filled if self.at_close else filled - 1
        looked_at = range(latest, max(latest - LATE_BARS, -1), -1)
        return next((bar for bar in looked_at if flags[bar]), None)

    def _place(self, index: int, price: float) -> str:
        ends = {"open": self.bars.open[index], "close": self.bars.close[index]}
        end = next((name for name, value in ends.items() if value == price), None)
        inside = f"on the {end} of" if end else "within"
        return f"{inside} bar {index} ({moment(self.bars, index)})"


class Teller:
    """Tells of a participant's trades, one at a time.

    Args:
        participant: Whose trades.
        bars: The series that they lie on.
    """

    def __init__(self, participant: Participant, bars: Bars) -> None:
        trades = participant.trades
        self.name = participant.name
        self._participant = participant
        self._bars = bars
        skipped = participant.skipped
        self.passed_over = (
            skipped.insufficient_cash + skipped.below_minimum if skipped else 0
        )
        self._at_close = _fills_at_close(participant, bars)
        # Plain values: an array's elements are slow to take one by one.
        self._side = trades.side.tolist()
        self._entry_bar = trades.entry_bar.tolist()
        self._exit_bar = trades.exit_bar.tolist()
        self._entry_price = trades.entry_price.tolist()
        self._exit_price = trades.exit_price.tolist()
        self._quantity = trades.quantity.tolist()
        self._fee = (trades.entry_fee + trades.exit_fee).tolist()
        self._profit = trades.profit.tolist()
        self._reason = trades.exit_reason.tolist()
        misplaced = participant.misplaced
        self._misplaced = None if misplaced is None else misplaced.tolist()

    def trade(self, index: int) -> Trade:
        """Return one trade."""
        side = self._side[index]
        return Trade(
            name=self.name,
            side=side,
            entry_bar=self._entry_bar[index],
            exit_bar=self._exit_bar[index],
            entry_price=self._entry_price[index],
            exit_price=self._exit_price[index],
            quantity=self._quantity[index],
            fee=self._fee[index],
            profit=self._profit[index],
            reason=reason_name(self._reason[index]),
            ignored=self._participant.ignored,
            misplaced=self._misplaced is not None and self._misplaced[index],
            at_close=self._at_close,
            previous_exit=self._exit_bar[index - 1] if index else NOBODY,
            passed_over=self.passed_over,
            wanted=self.wanted(side),
            leaves=self._leaves(side),
            bars=self._bars,
        )

    def exit_bar(self, index: int) -> int:
        """Return the bar on which a trade ended."""
        bar: int = self._exit_bar[index]
        return bar

    def wanted(self, side: int) -> BoolArray | None:
        """Return when the participant wanted to enter; None: not known."""
        signals = self._participant.signals
        if signals is None:
            return None
        return signals.entry_long if side > 0 else signals.entry_short

    def _leaves(self, side: int) -> BoolArray | None:
        signals = self._participant.signals
        if signals is None:
            return None
        return signals.exit_long if side > 0 else signals.exit_short


def _fills_at_close(participant: Participant, bars: Bars) -> bool:
    """Return whether most entries lie nearer to the close of their bar than to its open."""
    at, prices = participant.trades.entry_bar, participant.trades.entry_price
    from_open = np.abs(prices - bars.open[at])
    from_close = np.abs(prices - bars.close[at])
    return bool(
        np.count_nonzero(from_close < from_open)
        > np.count_nonzero(from_open < from_close)
    )

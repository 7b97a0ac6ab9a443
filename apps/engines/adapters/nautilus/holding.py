"""What is held, and at which prices it is to be sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.engines.contracts import ExitReason

if TYPE_CHECKING:
    from apps.engines.adapters.nautilus.levels import Levels

OFF = 0.0  # no level: prices are above it


@dataclass(slots=True)
class Holding:
    """A long position, as the contract protects it.

    Attributes:
        quantity: Base units.
        entry: What was paid, after slippage, quote per base.
        stop: The fixed stop, or `OFF`.
        target: Where the profit is taken, or `OFF`.
        best: The highest high of the closed bars since the entry, the entry included.
        trail: The trailing stop, or `OFF`.
    """

    quantity: float
    entry: float
    stop: float
    target: float
    best: float
    trail: float

    @property
    def level(self) -> float:
        """Where it is stopped out: the nearer of both stops, or `OFF`."""
        return max(self.stop, self.trail)

    @property
    def reason(self) -> ExitReason:
        """Which stop that is; the fixed one where they are equal."""
        if self.trail > self.stop:
            return ExitReason.TRAILING_STOP
        return ExitReason.STOP_LOSS

    def close_at(self, high: float, trailing: float, levels: Levels) -> None:
        """Move the trailing stop at the close of a bar (rule 5)."""
        self.best = max(self.best, high)
        self.trail = max(self.trail, levels.reached(self.best, -trailing))


def holding_of(quantity: float, entry: float, levels: Levels) -> Holding:
    """Return a new position with its stops and target (rule 3)."""
    protection = levels.request.protection
    stop, target, trail = (
        levels.reached(entry, gain) if gain else OFF
        for gain in (
            -(protection.stop_loss or 0.0),
            protection.take_profit,
            -(protection.trailing_stop or 0.0),
        )
    )
    return Holding(quantity, entry, stop, target, best=entry, trail=trail)

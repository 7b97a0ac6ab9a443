"""Going through two lists in order of entry, since one difference leads to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apps.analysis.parity.causes import pair_cause, single_cause
from apps.analysis.parity.contracts import NOBODY
from apps.analysis.parity.findings import Finding
from apps.analysis.parity.telling import Teller, differing_of
from apps.engines.contracts import SizingKind

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Ground, Participant
    from apps.analysis.parity.equality import Equal
    from apps.analysis.parity.telling import Differing, Trade
    from apps.engines.contracts import FloatArray

UNEQUAL_EQUITY = 1e-9


class Judgement(NamedTuple):
    """Why a row differs, and whether that follows from an earlier row."""

    finding: Finding
    follows: bool


class _Held(NamedTuple):
    """The trade that a side is in, or was last: until when, and why it differs."""

    until: int = NOBODY
    finding: Finding | None = None


class Judge:
    """Names the cause of each row, and knows what came before it.

    Call `differing` for each row that differs and `passed` for every row, in order.

    Args:
        sides: The two participants.
        equal: What of their paired trades is equal.
        ground: What both stand on.
    """

    def __init__(
        self, sides: tuple[Participant, Participant], equal: Equal, ground: Ground
    ) -> None:
        self._tellers = tuple(Teller(side, ground.bars) for side in sides)
        self._equity = tuple(_equity_before(side, ground) for side in sides)
        self._equal = equal
        self._ground = ground
        self._held = [_Held(), _Held()]
        self._latest: Finding | None = None

    def differing(self, index: tuple[int, int], number: int) -> Judgement:
        """Say why a row differs.

        Args:
            index: Of the trade of each side; `NOBODY` where there is none.
            number: The row's number among those that are paired.
        """
        if NOBODY in index:
            judged = self._lone(index)
        else:
            judged = self._pair(index, differing_of(self._equal, number))
        if not judged.follows:
            self._latest = judged.finding
        return judged

    def passed(self, index: tuple[int, int], judged: Judgement | None) -> None:
        """Note until when each side is in the market, and what made it so."""
        for side, at in enumerate(index):
            if at != NOBODY:
                until = self._tellers[side].exit_bar(at)
                self._held[side] = _Held(until, judged.finding if judged else None)

    def _lone(self, index: tuple[int, int]) -> Judgement:
        has, lacks = (0, 1) if index[1] == NOBODY else (1, 0)
        trade = self._tellers[has].trade(index[has])
        at_once = trade.previous_exit == trade.entry_bar == self._held[lacks].until
        earlier = None if at_once else self._still_held(lacks, trade)
        if earlier is not None:
            return earlier
        finding = single_cause(
            trade, self._tellers[lacks], self._ground, at_once=at_once
        )
        return Judgement(finding, follows=False)

    def _pair(self, index: tuple[int, int], differing: Differing) -> Judgement:
        one, other = (
            teller.trade(at) for teller, at in zip(self._tellers, index, strict=True)
        )
        earlier = None
        if one.entry_bar < other.entry_bar:
            earlier = self._still_held(1, one)
        elif other.entry_bar < one.entry_bar:
            earlier = self._still_held(0, other)
        elif differing.quantity and not differing.entry_price:
            earlier = self._sized_by_equity(index, one, other)
        if earlier is not None:
            return earlier
        return Judgement(pair_cause(one, other, differing, self._ground), follows=False)

    def _still_held(self, lacks: int, trade: Trade) -> Judgement | None:
        """Return that a side was not flat when the other entered, or None.

        On the bar of its exit a side is not flat at the open, and may be at the close.
        """
        held = self._held[lacks]
        flat_by = trade.entry_bar if trade.at_close else trade.entry_bar - 1
        if held.finding is None or held.until <= flat_by:
            return None
        detail = (
            f"{self._tellers[lacks].name} still holds an earlier position; "
            f"{held.finding.detail}"
        )
        return Judgement(Finding(held.finding.cause, detail), follows=True)

    def _sized_by_equity(
        self, index: tuple[int, int], one: Trade, other: Trade
    ) -> Judgement | None:
        """Return that quantities differ as the equity does that they are made of."""
        equity = [
            float(before[at]) for before, at in zip(self._equity, index, strict=True)
        ]
        by_equity = self._ground.sizing.kind is not SizingKind.FIXED_QUOTE
        if self._latest is None or not by_equity or not np.isfinite(equity).all():
            return None
        if abs(equity[0] - equity[1]) <= UNEQUAL_EQUITY * equity[0] or min(equity) <= 0:
            return None
        expected = one.quantity * equity[1] / equity[0]
        # Each is rounded down to its step.
        if abs(other.quantity - expected) > 2 * float(
            self._ground.market.quantity_step
        ):
            return None
        detail = (
            f"sized by an equity of {equity[0]:.8g} ({one.name}) and {equity[1]:.8g} "
            f"({other.name}); {self._latest.detail}"
        )
        return Judgement(Finding(self._latest.cause, detail), follows=True)


def _equity_before(side: Participant, ground: Ground) -> FloatArray:
    """Return the equity before each trade, quote units; NaN after an unknown profit."""
    profit = side.trades.profit
    before: FloatArray = ground.capital + np.cumsum(profit) - profit
    return before

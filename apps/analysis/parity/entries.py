"""Why two sides enter differently, or only one of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.parity.contracts import Cause
from apps.analysis.parity.findings import (
    Finding,
    hole_between,
    option_ignored,
    within_tick,
)
from apps.analysis.parity.matching import NEAR
from apps.analysis.parity.telling import moment

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Ground
    from apps.analysis.parity.telling import Differing, Teller, Trade
    from apps.engines.contracts import BoolArray

# The last bar takes no entry, so neither does a signal on the one before it.
END_BARS = 2


def entry_cause(
    one: Trade, other: Trade, differing: Differing, ground: Ground
) -> Finding:
    """Return why two paired trades began on other bars, or at other prices."""
    found = _signal_lacking(one, other.name, other.wanted)
    found = found or _signal_lacking(other, one.name, one.wanted)
    if found is not None:
        return found
    if differing.entry_bar:
        return _elsewhere(one, other, ground)
    where = f"{one.entered()}, {other.entered()}"
    option = option_ignored("slippage", one, other)
    if option is not None and ground.costs.slippage_rate > 0:
        return option
    if within_tick(one.entry_price, other.entry_price, ground):
        return Finding(Cause.ROUNDING, f"prices within one tick: {where}")
    return Finding(Cause.FILL_PRICE, where)


def lone_cause(
    trade: Trade, lacking: Teller, ground: Ground, *, at_once: bool
) -> Finding:
    """Return why a trade has no counterpart.

    Args:
        trade: The trade.
        lacking: The side that has none like it; flat when the trade began.
        ground: What both stand on.
        at_once: Whether both sides left an earlier trade on the bar of its entry.
    """
    wanted = lacking.wanted(trade.side)
    found = _signal_lacking(trade, lacking.name, wanted) or _minimum(trade, ground)
    if found is None and at_once:
        found = Finding(
            Cause.INTRABAR_ORDER,
            f"{trade.name} enters again on the bar of its last exit, {lacking.name} "
            "waits",
        )
    found = found or _by_data(trade, lacking.name, ground)
    if found is not None:
        return found
    if lacking.passed_over > trade.passed_over:
        return _skipped(lacking.name, lacking.passed_over, trade)
    if wanted is None:
        return Finding(
            Cause.SIGNAL, f"{lacking.name} took no entry where {trade.name} took one"
        )
    # Flat, and with a signal: its order was not sent, or not taken.
    return Finding(
        Cause.SIZING,
        f"{lacking.name} had the signal too and got no fill: {trade.entered()}",
    )


def _by_data(trade: Trade, lacking: str, ground: Ground) -> Finding | None:
    """Return that the series ends or has a hole where a trade begins, or None."""
    if trade.entry_bar >= len(ground.bars) - END_BARS:
        return Finding(
            Cause.DATA,
            f"the series ends there: {trade.entered()}, {lacking} takes no entry so "
            "late",
        )
    # The bar beside the entry, across which its signal is acted on.
    beside = trade.entry_bar + (1 if trade.at_close else -1)
    if hole_between(ground.bars, trade.entry_bar, beside):
        return Finding(
            Cause.DATA, f"a hole in the series lies at the entry: {trade.entered()}"
        )
    return None


def _elsewhere(one: Trade, other: Trade, ground: Ground) -> Finding:
    where = f"{one.entered()}, {other.entered()}"
    early, late = sorted((one, other), key=lambda trade: trade.entry_bar)
    if late.entry_bar - early.entry_bar > NEAR and late.passed_over > early.passed_over:
        return _skipped(late.name, late.passed_over, early)
    hole = hole_between(ground.bars, early.entry_bar, late.entry_bar)
    # What fills at the close is early by its own rule, hole or not.
    if hole and not early.at_close:
        return Finding(Cause.DATA, f"a hole in the series lies at the entry: {where}")
    return Finding(Cause.FILL_PRICE, where)


def _signal_lacking(
    trade: Trade, name: str, wanted: BoolArray | None
) -> Finding | None:
    """Return that a side had no signal for the other's entry, or None."""
    if wanted is None:
        return None
    if trade.wanted is None:
        # A list does not say what it acted on; by its bar it was one of these.
        near = wanted[max(trade.entry_bar - 1, 0) : trade.entry_bar + 1]
        decided = None if near.any() else max(trade.entry_bar - 1, 0)
    else:
        decided = trade.entry_decided()
    if decided is None or wanted[decided]:
        return None
    at = moment(trade.bars, decided)
    return Finding(
        Cause.SIGNAL,
        f"{name} had no signal to enter where {trade.name} had one, at the close of bar "
        f"{decided} ({at})",
    )


def _minimum(trade: Trade, ground: Ground) -> Finding | None:
    """Return that a side does not know a minimum that this trade is below, or None."""
    notional = trade.quantity * trade.entry_price
    if trade.quantity < float(ground.market.min_quantity):
        return option_ignored("min_quantity", trade)
    if notional < float(ground.market.min_notional):
        return option_ignored("min_notional", trade)
    return None


def _skipped(name: str, count: int, other: Trade) -> Finding:
    return Finding(
        Cause.SIZING,
        f"{name} passed over {count} entries for want of cash or size, {other.name} "
        f"{other.passed_over}",
    )

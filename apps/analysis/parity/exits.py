"""Why two trades that began alike end differently."""

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
from apps.analysis.parity.telling import UNKNOWN, moment
from apps.engines.contracts import ExitReason

if TYPE_CHECKING:
    from apps.analysis.parity.contracts import Ground
    from apps.analysis.parity.telling import Differing, Trade

STOP, TARGET = ExitReason.STOP_LOSS.value, ExitReason.TAKE_PROFIT.value
TRAILING, END = ExitReason.TRAILING_STOP.value, ExitReason.END_OF_DATA.value
LEVELS = (STOP, TARGET, TRAILING)


def exit_cause(
    one: Trade, other: Trade, differing: Differing, ground: Ground
) -> Finding:
    """Return why two paired trades ended on other bars, at other prices, or otherwise."""
    reasons = {_reason(one, ground), _reason(other, ground)}
    found = _option(reasons, one, other, ground)
    found = found or _signal_lacking(one, other) or _signal_lacking(other, one)
    if found is not None:
        return found
    if differing.exit_bar:
        return _elsewhere(one, other, reasons, ground)
    return _on_one_bar(one, other, reasons, ground)


def _on_one_bar(one: Trade, other: Trade, reasons: set[str], ground: Ground) -> Finding:
    where = f"{one.left()}, {other.left()}"
    if END in reasons and len(reasons) > 1:
        return Finding(Cause.DATA, f"the series ends there: {where}")
    if len(reasons - {UNKNOWN}) > 1:
        return Finding(Cause.INTRABAR_ORDER, where)
    option = option_ignored("slippage", one, other)
    if option is not None and ground.costs.slippage_rate > 0:
        return option
    if within_tick(one.exit_price, other.exit_price, ground):
        return Finding(Cause.ROUNDING, f"prices within one tick: {where}")
    if TRAILING in reasons:
        # The levels differ though the entries do not: one moved within the bar.
        return Finding(Cause.INTRABAR_ORDER, where)
    return Finding(Cause.FILL_PRICE, where)


def _reason(trade: Trade, ground: Ground) -> str:
    """Return why a trade ended; where its list does not say, by the price if it tells."""
    if trade.reason != UNKNOWN:
        return trade.reason
    stop, target = ground.protection.stop_loss, ground.protection.take_profit
    for name, move in ((STOP, -(stop or 0.0)), (TARGET, target or 0.0)):
        level = trade.entry_price * (1 + trade.side * move)
        if move and within_tick(trade.exit_price, level, ground):
            return name
    return UNKNOWN


def _option(
    reasons: set[str], one: Trade, other: Trade, ground: Ground
) -> Finding | None:
    for name in LEVELS:
        if name in reasons and getattr(ground.protection, name):
            found = option_ignored(name, one, other)
            if found is not None:
                return found
    return None


def _signal_lacking(trade: Trade, other: Trade) -> Finding | None:
    """Return that a side had no signal for the other's exit, or None."""
    by_signal = trade.reason == ExitReason.SIGNAL.value
    if not by_signal or trade.exit_bar > other.exit_bar or other.leaves is None:
        return None
    decided = trade.exit_decided()
    if decided is None or other.leaves[decided]:
        return None
    at = moment(trade.bars, decided)
    return Finding(
        Cause.SIGNAL,
        f"{other.name} had no signal to leave where {trade.name} had one, at the close "
        f"of bar {decided} ({at})",
    )


def _elsewhere(one: Trade, other: Trade, reasons: set[str], ground: Ground) -> Finding:
    where = f"{one.left()}, {other.left()}"
    early, late = sorted((one, other), key=lambda trade: trade.exit_bar)
    if _reason(early, ground) in {STOP, TARGET} and _just_touched(early, ground):
        return Finding(
            Cause.ROUNDING, f"the level was touched within one tick: {where}"
        )
    if reasons & set(LEVELS):
        # One's level was reached and the other's was not, or was looked at later.
        return Finding(Cause.INTRABAR_ORDER, where)
    if early.reason == END:
        detail = f"the bars of {early.name} end there: {where}"
        return Finding(Cause.DATA, detail)
    near = late.exit_bar - early.exit_bar <= NEAR
    # What leaves at the close is early by its own rule, hole or not.
    at_hole = hole_between(ground.bars, early.exit_bar, late.exit_bar)
    if near and at_hole and not early.at_close:
        return Finding(Cause.DATA, f"a hole in the series lies at the exit: {where}")
    if near:
        return Finding(Cause.FILL_PRICE, where)
    return Finding(
        Cause.SIGNAL, f"{late.name} did not leave where {early.name} did: {where}"
    )


def _just_touched(trade: Trade, ground: Ground) -> bool:
    """Return whether the bar of a trade's exit went no more than a tick past its price."""
    bars, at = ground.bars, trade.exit_bar
    downwards = (trade.side > 0) == (_reason(trade, ground) == STOP)
    extreme = bars.low[at] if downwards else bars.high[at]
    return within_tick(float(extreme), trade.exit_price, ground)

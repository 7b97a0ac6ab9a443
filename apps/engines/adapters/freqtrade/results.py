"""From what freqtrade says of a contract run to our trades, and whether it kept the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engines.adapters.freqtrade.mapping import orders_at, slipped
from apps.engines.contracts import ExitReason, Skipped, Trades
from apps.engines.errors import EngineResultInvalid
from apps.engines.gaps import gaps_spanned
from apps.engines.grid import grid_of

if TYPE_CHECKING:
    from apps.engines.adapters.freqtrade.mapping import Plan
    from apps.engines.contracts import BoolArray, FloatArray, IntArray, RunRequest

MINUTE_MS = 60_000
CODES = {reason: code for code, reason in enumerate(ExitReason)}
# The reasons in freqtrade's export, its own and the strategy's.
REASONS = {
    "exit_signal": ExitReason.SIGNAL,
    "stop_loss": ExitReason.STOP_LOSS,
    "open_beyond_stop": ExitReason.STOP_LOSS,
    "trailing_stop_loss": ExitReason.TRAILING_STOP,
    "open_beyond_trail": ExitReason.TRAILING_STOP,
    "roi": ExitReason.TAKE_PROFIT,
    "open_beyond_target": ExitReason.TAKE_PROFIT,
    "force_exit": ExitReason.END_OF_DATA,
}
# freqtrade keeps a return to eight decimals, and so the price that gives it.
RETURN_ERROR = 3e-8


def column(exported: list[dict[str, Any]], name: str, kind: type) -> Any:
    """Return one field of all trades as an array.

    Raises:
        EngineResultInvalid: A trade lacks it, or has something else there.
    """
    try:
        return np.array([one[name] for one in exported], dtype=kind)
    except (KeyError, TypeError, ValueError) as error:
        msg = f"freqtrade's export has no readable {name!r}: {error!r}."
        raise EngineResultInvalid(msg) from error


def reasons_of(exported: list[dict[str, Any]]) -> Any:
    """Return why each trade ended, as positions in `ExitReason`.

    Raises:
        EngineResultInvalid: For a reason that we do not know.
    """
    try:
        told = [CODES[REASONS[one["exit_reason"]]] for one in exported]
    except KeyError as error:
        msg = f"freqtrade ended a trade for a reason that is not known: {error}."
        raise EngineResultInvalid(msg) from error
    return np.array(told, dtype=np.int8)


def trades_from(
    request: RunRequest, plan: Plan, exported: list[dict[str, Any]], start_ms: int
) -> Trades:
    """Return freqtrade's trades; quantities and fees as it says, prices after slippage.

    Args:
        request: What was run.
        plan: See `plan_make`.
        exported: Its trades, in order of entry.
        start_ms: The time that stood for bar 0.

    Raises:
        EngineResultInvalid: The export cannot be what the request gives.
    """
    last = len(request.bars) - 1
    scale = grid_of(request.market.price_tick).scale
    entry_bar = (column(exported, "open_timestamp", int) - start_ms) // MINUTE_MS
    exit_bar = (column(exported, "close_timestamp", int) - start_ms) // MINUTE_MS
    reason = reasons_of(exported)
    # The flat bar after the last one stands for the last close.
    if not ((exit_bar == last + 1) == (reason == CODES[ExitReason.END_OF_DATA])).all():
        msg = "freqtrade ended a trade at the end of the data, or did not, out of turn."
        raise EngineResultInvalid(msg)
    exit_bar = np.minimum(exit_bar, last)
    entry_raw = column(exported, "open_rate", float) / scale
    exit_raw = column(exported, "close_rate", float) / scale
    reason = _stop_reasons(plan, entry_bar, exit_raw, reason, exported)
    exit_raw = _on_target(plan, entry_bar, exit_raw, exported)
    quantity = column(exported, "amount", float)
    entry = slipped(entry_raw, 1.0, request)
    exit_ = slipped(exit_raw, -1.0, request)
    entry_fee = column(exported, "fee_open", float) * quantity * entry
    exit_fee = column(exported, "fee_close", float) * quantity * exit_
    return Trades(
        entry_bar=entry_bar,
        exit_bar=exit_bar,
        side=np.ones(len(entry_bar), dtype=np.int8),
        quantity=quantity,
        entry_price=entry,
        exit_price=exit_,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
        profit=quantity * (exit_ - entry) - entry_fee - exit_fee,
        exit_reason=reason,
        gaps=gaps_spanned(request.bars, entry_bar, exit_bar),
    )


def skipped_count(request: RunRequest, plan: Plan, trades: Trades) -> Skipped:
    """Count the entries that the contract forbids, and see that no other was left out.

    Raises:
        EngineResultInvalid: freqtrade entered where it may not, or did not where it must.
    """
    bars = len(request.bars)
    cash = _cash_at_open(request, trades)
    quantity, cost, too_small = orders_at(request, plan, cash)
    free = plan.entry & _free_at_open(bars, trades)
    poor = free & ~too_small & (cost > cash)
    taken = np.zeros(bars, dtype=np.bool_)
    taken[trades.entry_bar] = True
    wrong = np.flatnonzero(taken != (free & ~too_small & ~poor))
    if not len(wrong):
        wrong = trades.entry_bar[trades.quantity != quantity[trades.entry_bar]]
    if len(wrong):
        bar = int(wrong[0])
        msg = (
            f"freqtrade did not enter at bar {bar} as the contract has it: "
            f"{float(quantity[bar])!r} were to be bought."
        )
        raise EngineResultInvalid(msg)
    return Skipped(
        insufficient_cash=int(np.count_nonzero(poor)),
        below_minimum=int(np.count_nonzero(free & too_small)),
    )


def _stop_reasons(
    plan: Plan,
    entry_bar: IntArray,
    exit_raw: FloatArray,
    reason: Any,
    exported: list[dict[str, Any]],
) -> Any:
    """Tell a trailing stop from a fixed one, which freqtrade does by whether it moved."""
    own = np.array(
        [one["exit_reason"] in {"stop_loss", "trailing_stop_loss"} for one in exported],
        dtype=np.bool_,
    )
    fixed = plan.stop[entry_bar]
    trailing = own & ~(exit_raw <= fixed)
    told = np.where(own, CODES[ExitReason.STOP_LOSS], reason)
    return np.where(trailing, CODES[ExitReason.TRAILING_STOP], told).astype(np.int8)


def _on_target(
    plan: Plan,
    entry_bar: IntArray,
    exit_raw: FloatArray,
    exported: list[dict[str, Any]],
) -> FloatArray:
    """Put a target's price back on the target, where eight decimals are too coarse.

    Raises:
        EngineResultInvalid: It lies further away than that.
    """
    hit = np.array([one["exit_reason"] == "roi" for one in exported], dtype=np.bool_)
    target = plan.target[entry_bar]
    if not (np.abs(exit_raw - target) <= RETURN_ERROR * target)[hit].all():
        msg = "freqtrade filled a target elsewhere than at its price."
        raise EngineResultInvalid(msg)
    price: FloatArray = np.where(hit, target, exit_raw)
    return price


def _cash_at_open(request: RunRequest, trades: Trades) -> FloatArray:
    """Return the cash before each open, in the contract's own order of sums."""
    paid = trades.quantity * trades.entry_price + trades.entry_fee
    got = trades.quantity * trades.exit_price - trades.exit_fee
    moves = np.empty(2 * len(trades) + 1)
    moves[0], moves[1::2], moves[2::2] = request.capital, -paid, got
    cash = np.cumsum(moves)[::2]
    # What an exit frees can be spent at the next open.
    settled = np.searchsorted(trades.exit_bar, np.arange(len(request.bars)), "left")
    found: FloatArray = cash[settled]
    return found


def _free_at_open(bars: int, trades: Trades) -> BoolArray:
    """Return at which opens no position is held, so that an entry is tried."""
    held = np.zeros(bars + 2, dtype=np.int64)
    np.add.at(held, trades.entry_bar + 1, 1)
    np.add.at(held, trades.exit_bar + 1, -1)
    free: BoolArray = np.cumsum(held)[:bars] == 0
    return free

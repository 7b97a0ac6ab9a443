"""Trades from the file that `freqtrade backtesting --export trades` writes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from apps.analysis.errors import TradeListInvalid
from apps.analysis.trade_lists.contracts import MOST_TRADES, ListedTrade
from apps.analysis.trade_lists.plausible import impossible
from apps.engines.contracts import ExitReason

if TYPE_CHECKING:
    from collections.abc import Mapping

MILLISECOND_NS = 1_000_000
# freqtrade's own words for why a trade ended.
REASONS = {
    "exit_signal": ExitReason.SIGNAL,
    "stop_loss": ExitReason.STOP_LOSS,
    "stoploss_on_exchange": ExitReason.STOP_LOSS,
    "roi": ExitReason.TAKE_PROFIT,
    "trailing_stop_loss": ExitReason.TRAILING_STOP,
    "force_exit": ExitReason.END_OF_DATA,
}
OWN_NAMES = {
    "entry_time": "open_timestamp",
    "exit_time": "close_timestamp",
    "quantity": "amount",
    "entry_price": "open_rate",
    "exit_price": "close_rate",
    "fee": "fee_open or fee_close",
    "profit": "profit_abs",
}


def freqtrade_trades(data: Any) -> tuple[str, list[ListedTrade]]:
    """Read trades from a results file's JSON.

    Args:
        data: `{"strategy": {name: {"trades": [...]}}}` with one strategy.

    Raises:
        TradeListInvalid: Another shape, more strategies than one, more pairs, or a
            trade that cannot have been; names it.

    Returns:
        What was read, and its trades.
    """
    strategies = data.get("strategy") if isinstance(data, dict) else None
    if not isinstance(strategies, dict) or not strategies:
        msg = (
            "This JSON is no results file of freqtrade: it has no `strategy` with "
            "results in it. Give the file that `--export trades` wrote."
        )
        raise TradeListInvalid(msg, attr="file")
    if len(strategies) > 1:
        names = ", ".join(str(name)[:40] for name in strategies)[:200]
        msg = f"The file holds results of several strategies ({names}); give one's."
        raise TradeListInvalid(msg, attr="file")
    name, results = next(iter(strategies.items()))
    listed = results.get("trades") if isinstance(results, dict) else None
    if not isinstance(listed, list):
        msg = f"The results of {str(name)[:40]!r} hold no list of trades."
        raise TradeListInvalid(msg, attr="file")
    if len(listed) > MOST_TRADES:
        msg = f"The list has {len(listed):,} trades; at most {MOST_TRADES:,} are read."
        raise TradeListInvalid(msg, attr="file")
    pairs = {str(one.get("pair")) for one in listed if isinstance(one, dict)}
    if len(pairs) > 1:
        msg = f"The trades are of several pairs ({', '.join(sorted(pairs))[:200]}); "
        raise TradeListInvalid(f"{msg}a backtest here has one.", attr="file")
    return f"freqtrade {str(name)[:60]}", [
        _trade(number, one) for number, one in enumerate(listed, start=1)
    ]


def _trade(number: int, row: Any) -> ListedTrade:
    if not isinstance(row, dict):
        raise TradeListInvalid(f"Trade {number} is no object.", attr="file")
    try:
        quantity = float(row["amount"])
        entry, leave = float(row["open_rate"]), float(row["close_rate"])
        reason = REASONS.get(str(row.get("exit_reason")))
        trade = ListedTrade(
            entry_ns=int(row["open_timestamp"]) * MILLISECOND_NS,
            exit_ns=int(row["close_timestamp"]) * MILLISECOND_NS,
            side=-1 if row.get("is_short") else 1,
            quantity=quantity,
            entry_price=entry,
            exit_price=leave,
            fee=quantity * (_known(row, "fee_open") * entry)
            + quantity * (_known(row, "fee_close") * leave),
            profit=_known(row, "profit_abs"),
            reason=reason.value if reason else "",
        )
    except KeyError as error:
        msg = f"Trade {number} has no {error.args[0]!r}."
        raise TradeListInvalid(msg, attr="file") from error
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"Trade {number} holds what is no number: {error}."
        raise TradeListInvalid(msg[:300], attr="file") from error
    wrong = impossible(trade)
    if wrong is not None:
        name, right = wrong
        msg = f"Trade {number}: its {OWN_NAMES[name]} is not {right}."
        raise TradeListInvalid(msg, attr="file")
    return trade


def _known(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)

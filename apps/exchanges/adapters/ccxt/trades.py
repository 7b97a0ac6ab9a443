"""ccxt's public trades into ours, checked before they are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apps.exchanges.adapters.ccxt.numbers import invalid, moment_ns, price
from apps.exchanges.contracts import Trades

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIDES = {"buy": True, "sell": False}


def trades_from(raw: Any, symbol: str) -> Trades:
    """Return public trades that can be believed, by time, then by id.

    Args:
        raw: ccxt's trades.
        symbol: The market.

    Raises:
        ExchangeAnswerInvalid: A trade has no id, no time, no side, no price above 0, or
            two different trades have one id.
    """
    what = f"trades of {symbol}"
    if not isinstance(raw, list | tuple):
        raise invalid(what, "trades", raw)
    by_id: dict[str, tuple[int, float, float, bool]] = {}
    for place, trade in enumerate(raw):
        name, row = _trade(what, place, trade)
        if by_id.setdefault(name, row) != row:
            raise invalid(what, f"trades.{place}.id", f"{name} of two different trades")
    rows = sorted(
        ((row, name) for name, row in by_id.items()),
        key=lambda each: (each[0][0], id_order(each[1])),
    )
    return Trades(
        time=np.array([row[0] for row, _ in rows], dtype=np.int64),
        price=np.array([row[1] for row, _ in rows], dtype=np.float64),
        quantity=np.array([row[2] for row, _ in rows], dtype=np.float64),
        buyer_taker=np.array([row[3] for row, _ in rows], dtype=np.bool_),
        ids=tuple(name for _, name in rows),
    )


def id_order(name: str) -> tuple[int, str]:
    """Return what ids are sorted by: numbers by value, others by length and text."""
    return (int(name), "") if name.isdigit() else (len(name), name)


def _trade(
    what: str, place: int, raw: Mapping[str, Any]
) -> tuple[str, tuple[int, float, float, bool]]:
    field = f"trades.{place}"
    if not isinstance(raw, dict):
        raise invalid(what, field, raw)
    name, side = raw.get("id"), raw.get("side")
    if not name:
        raise invalid(what, f"{field}.id", name)
    if side not in _SIDES:
        raise invalid(what, f"{field}.side", side)
    moment = moment_ns(what, f"{field}.timestamp", raw.get("timestamp"))
    if moment is None:
        raise invalid(what, f"{field}.timestamp", None)
    paid = price(what, f"{field}.price", raw.get("price"))
    size = price(what, f"{field}.amount", raw.get("amount"))
    return str(name), (moment, float(paid), float(size), _SIDES[str(side)])

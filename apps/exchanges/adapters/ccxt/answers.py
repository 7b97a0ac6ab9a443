"""ccxt's tickers and order books into ours, checked before they are believed.

ccxt passes on what it got: a torn answer becomes a ticker full of None without an
exception. Whatever cannot be believed is an `ExchangeAnswerInvalid` that names the field.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apps.exchanges.adapters.ccxt.numbers import (
    invalid,
    moment_ns,
    optional,
    optional_price,
    price,
    quantity,
)
from apps.exchanges.contracts import OrderBook, Ticker

if TYPE_CHECKING:
    from decimal import Decimal

    type Levels = tuple[tuple[Decimal, Decimal], ...]


def ticker_from(raw: Any, symbol: str, *, received_ns: int) -> Ticker:
    """Return a ticker that can be believed.

    Args:
        raw: ccxt's ticker.
        symbol: What was asked for.
        received_ns: When it came.

    Raises:
        ExchangeAnswerInvalid: The last price is missing, 0 or no number; the best bid is
            above the best ask; it is of another market.
    """
    what = f"ticker of {symbol}"
    if not isinstance(raw, dict):
        raise invalid(what, "ticker", raw)
    if raw.get("symbol") != symbol:
        raise invalid(what, "symbol", raw.get("symbol"))
    last = raw.get("last")
    bid = optional_price(what, "bid", raw.get("bid"))
    ask = optional_price(what, "ask", raw.get("ask"))
    if bid is not None and ask is not None and bid > ask:
        raise invalid(what, "bid", f"{bid} above the ask {ask}")
    return Ticker(
        symbol=symbol,
        last=price(what, "last", raw.get("close") if last is None else last),
        bid=bid,
        ask=ask,
        bid_quantity=optional(what, "bid_quantity", raw.get("bidVolume")),
        ask_quantity=optional(what, "ask_quantity", raw.get("askVolume")),
        base_volume=optional(what, "base_volume", raw.get("baseVolume")),
        venue_ns=moment_ns(what, "timestamp", raw.get("timestamp")),
        received_ns=received_ns,
    )


def book_from(raw: Any, symbol: str, depth: int, *, received_ns: int) -> OrderBook:
    """Return an order book that can be believed.

    Args:
        raw: ccxt's order book.
        symbol: What was asked for.
        depth: Levels of either side to keep.
        received_ns: When it came.

    Raises:
        ExchangeAnswerInvalid: Both sides are empty, a level is no price and quantity, a
            price comes twice, or the best bid reaches the best ask.
    """
    what = f"order book of {symbol}"
    if not isinstance(raw, dict):
        raise invalid(what, "book", raw)
    bids = levels_from(what, "bids", raw.get("bids"))[:depth]
    asks = levels_from(what, "asks", raw.get("asks"))[:depth]
    if not bids and not asks:
        raise invalid(what, "bids", "empty, and so are the asks")
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise invalid(what, "bids", f"{bids[0][0]} at or above the ask {asks[0][0]}")
    nonce = raw.get("nonce")
    return OrderBook(
        symbol=symbol,
        bids=bids,
        asks=asks,
        sequence=int(nonce) if nonce is not None else None,
        venue_ns=moment_ns(what, "timestamp", raw.get("timestamp")),
        received_ns=received_ns,
    )


def levels_from(what: str, side: str, raw: Any) -> Levels:
    """Return one side of a book, best first; levels without quantity are left out.

    Raises:
        ExchangeAnswerInvalid: A level is no price and quantity, or comes twice.
    """
    if not isinstance(raw, list | tuple):
        raise invalid(what, side, raw)
    levels = []
    for level in raw:
        if not isinstance(level, list | tuple) or len(level) < len(("price", "size")):
            raise invalid(what, side, level)
        size = quantity(what, side, level[1])
        if size:
            levels.append((price(what, side, level[0]), size))
    # The order of levels says nothing, because each names its price; ccxt sorts them
    # too, in some exchanges as text.
    levels.sort(key=lambda level: level[0], reverse=side == "bids")
    for (before, _), (after, _) in pairwise(levels):
        if before == after:
            raise invalid(what, side, f"{after} twice")
    return tuple(levels)

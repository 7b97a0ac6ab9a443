"""What is held fresh as the bytes that every other process reads."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.exchanges.book_state import BookState
    from apps.exchanges.contracts import Ticker, Trades

BOOK_LEVELS = 50
TRADES_KEPT = 100
_SECOND_NS = 1_000_000_000


def moment(nanoseconds: int) -> str:
    """Return a time as ISO 8601 with microseconds and `Z`."""
    whole, rest = divmod(nanoseconds, _SECOND_NS)
    told = datetime.fromtimestamp(whole, UTC)
    return f"{told:%Y-%m-%dT%H:%M:%S}.{rest // 1_000:06d}Z"


def _moment_or_none(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else moment(nanoseconds)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def ticker_encode(ticker: Ticker) -> bytes:
    """Return a ticker as JSON; decimals are strings."""
    return orjson.dumps(
        {
            "symbol": ticker.symbol,
            "last": _text(ticker.last),
            "bid": _text(ticker.bid),
            "ask": _text(ticker.ask),
            "bid_quantity": _text(ticker.bid_quantity),
            "ask_quantity": _text(ticker.ask_quantity),
            "base_volume": _text(ticker.base_volume),
            "venue_time": _moment_or_none(ticker.venue_ns),
            "received_at": moment(ticker.received_ns),
        }
    )


def book_encode(book: BookState) -> bytes:
    """Return the best levels of a book that is known as JSON."""
    last = book.last
    if last is None:
        message = "the book is not known yet"
        raise ValueError(message)
    return orjson.dumps(
        {
            "symbol": last.symbol,
            "bids": _levels(book.bids(BOOK_LEVELS)),
            "asks": _levels(book.asks(BOOK_LEVELS)),
            "sequence": last.sequence,
            "venue_time": _moment_or_none(last.venue_ns),
            "received_at": moment(last.received_ns),
            "resyncs": last.resyncs,
        }
    )


def _levels(found: Iterable[tuple[Decimal, Decimal]]) -> list[tuple[str, str]]:
    return [(f"{price:f}", f"{quantity:f}") for price, quantity in found]


def trades_rows(trades: Trades) -> list[dict[str, Any]]:
    """Return trades as the rows that are told, oldest first."""
    return [
        {
            "id": name,
            "time": moment(int(time)),
            "price": _plain(price),
            "quantity": _plain(quantity),
            "side": "buy" if buyer else "sell",
        }
        for name, time, price, quantity, buyer in zip(
            trades.ids,
            trades.time.tolist(),
            trades.price.tolist(),
            trades.quantity.tolist(),
            trades.buyer_taker.tolist(),
            strict=True,
        )
    ]


def _plain(value: float) -> str:
    """Return the shortest text of a float, what the venue wrote, without an exponent."""
    return f"{Decimal(repr(value)):f}"


def trades_encode(symbol: str, rows: list[dict[str, Any]], received_ns: int) -> bytes:
    """Return the latest trades of a market as JSON, oldest first."""
    told = {
        "symbol": symbol,
        "trades": rows[-TRADES_KEPT:],
        "received_at": moment(received_ns),
    }
    return orjson.dumps(told)

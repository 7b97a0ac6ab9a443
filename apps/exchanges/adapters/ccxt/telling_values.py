"""From what ccxt makes of a stream's messages to our values, exact.

ccxt keeps the numbers of an order book as floats. `Exact` is a float that remembers the
text that it was made from, so that ccxt sorts and compares it as ever, and we still get
the venue's own digits. A number that came without a text is the shortest decimal that is
that float, which is what was sent as long as it had no more than 15 digits.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from apps.exchanges.adapters.ccxt.trades import id_order
from apps.exchanges.contracts import Ticker, Trades

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    # When it happened, its name, price, quantity, whether bought, when received.
    type _Row = tuple[int, str, float, float, bool, int]

MILLISECOND_NS = 1_000_000


class Exact(float):
    """A float that remembers the text that it was made from."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, value: Any) -> Self:
        """Read a number.

        Args:
            value: As the venue wrote it: a text, or a number of its JSON.
        """
        number = super().__new__(cls, value)
        number.text = str(value)
        return number

    def __str__(self) -> str:
        return self.text


def amount(value: Any) -> Decimal | None:
    """Return a number of ccxt's or a venue's, exact; None where it is none.

    NaN and infinity are none.
    """
    if value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def positive(value: Any) -> Decimal | None:
    """Return a number above zero; venues write 0 for a price that there is not."""
    found = amount(value)
    return found if found is not None and found > 0 else None


def nanoseconds(milliseconds: Any) -> int | None:
    """Return a time of ccxt's in nanoseconds; None where there is none."""
    if not isinstance(milliseconds, int | float) or not milliseconds > 0:
        return None
    return int(milliseconds) * MILLISECOND_NS


def ticker_from(
    symbol: str, parsed: Mapping[str, Any], received_ns: int
) -> Ticker | None:
    """Return a ticker of ccxt's as ours; None where it cannot be believed.

    Args:
        symbol: The market.
        parsed: ccxt's unified ticker.
        received_ns: When it was received, int64 nanoseconds UTC.
    """
    last = positive(parsed.get("last"))
    if last is None:
        return None
    bid, ask = positive(parsed.get("bid")), positive(parsed.get("ask"))
    if bid is not None and ask is not None and bid > ask:
        return None
    volume = amount(parsed.get("baseVolume"))
    return Ticker(
        symbol=symbol,
        last=last,
        bid=bid,
        ask=ask,
        bid_quantity=amount(parsed.get("bidVolume")),
        ask_quantity=amount(parsed.get("askVolume")),
        base_volume=volume if volume is not None and volume >= 0 else None,
        venue_ns=nanoseconds(parsed.get("timestamp")),
        received_ns=received_ns,
    )


def trades_from(found: Iterable[Mapping[str, Any]]) -> tuple[Trades, int]:
    """Return public trades of ccxt's as ours, and how many could not be believed.

    Args:
        found: ccxt's unified trades, in any order.
    """
    good: list[_Row] = []
    dropped = 0
    for one in found:
        when, price = nanoseconds(one.get("timestamp")), positive(one.get("price"))
        quantity, side = positive(one.get("amount")), one.get("side")
        if (
            when is None
            or price is None
            or quantity is None
            or side not in {"buy", "sell"}
        ):
            dropped += 1
            continue
        name, received = str(one.get("id") or ""), int(one.get("received_ns") or 0)
        row = (when, name, float(price), float(quantity), side == "buy", received)
        good.append(row)
    good.sort(key=lambda one: (one[0], id_order(one[1])))
    return _columns(good), dropped


def _columns(rows: Sequence[_Row]) -> Trades:
    return Trades(
        time=np.array([row[0] for row in rows], dtype=np.int64),
        price=np.array([row[2] for row in rows], dtype=np.float64),
        quantity=np.array([row[3] for row in rows], dtype=np.float64),
        buyer_taker=np.array([row[4] for row in rows], dtype=np.bool_),
        ids=tuple(row[1] for row in rows),
        received=np.array([row[5] for row in rows], dtype=np.int64),
    )

"""What one currency is worth in another at a venue, from its latest tickers.

Nothing is taken to be worth 1: a stable coin has its market as any other currency has.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from apps.core.exact import WIDE
from apps.market.selectors.prices import live_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from apps.market.selectors.prices import Live

# What currencies are converted over where they have no market of their own, in order.
BRIDGES = ("USDT", "USD", "USDC", "BTC", "ETH", "EUR")
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another.

    Attributes:
        price: Units of the other for one, not rounded.
        age_seconds: Of the oldest ticker that it was made of; 0 for the currency itself.
        stale: Whether one of them is older than LIVE_STALE_SECONDS.
        markets: Those it was made of; none for the currency itself.
    """

    price: Decimal
    age_seconds: float
    stale: bool
    markets: tuple[str, ...]


def rates_of(
    *, exchange: str, currencies: Iterable[str], into: str, now: datetime
) -> dict[str, Rate]:
    """Return what one unit of each currency is worth, as far as tickers tell it.

    A currency's own market is taken before the reverse of one, and that before two
    markets over a bridge; a way of fresh tickers before one of stale ones.

    Args:
        exchange: Its id.
        currencies: What is valued.
        into: What it is valued in.
        now: The moment, UTC, for the ages.

    Raises:
        LiveUnavailable: Where the latest is kept does not answer.
    """
    wanted = set(currencies)
    symbols = rate_symbols(wanted, into)
    tickers = (
        live_read(kind="tickers", exchange=exchange, symbols=symbols, now=now)
        if symbols
        else {}
    )
    return rates_from(tickers, wanted, into)


def rate_symbols(currencies: Iterable[str], into: str) -> list[str]:
    """Return every market that could tell what the currencies are worth, sorted."""
    others = {one for one in currencies if one != into}
    if not others:
        return []
    middles = {one for one in BRIDGES if one != into}
    pairs = {(one, into) for one in others | middles}
    pairs |= {(one, middle) for one in others for middle in middles if one != middle}
    return sorted(
        f"{one}/{other}" for pair in pairs for one, other in (pair, pair[::-1])
    )


def rates_from(
    tickers: Mapping[str, Live], currencies: Iterable[str], into: str
) -> dict[str, Rate]:
    """Return the rates that tickers tell, by currency.

    Args:
        tickers: The latest of each market, by symbol.
        currencies: What is valued.
        into: What it is valued in.
    """
    rates: dict[str, Rate] = {}
    for currency in set(currencies):
        ways = [one for one in _ways(tickers, currency, into) if one is not None]
        if ways:
            # The first of the fresh ones; of stale ones that with the youngest tickers.
            rates[currency] = min(
                ways, key=lambda one: one.age_seconds if one.stale else -1.0
            )
    return rates


def _ways(tickers: Mapping[str, Live], currency: str, into: str) -> list[Rate | None]:
    if currency == into:
        return [Rate(_ONE, 0.0, stale=False, markets=())]
    ways = list(_legs(tickers, currency, into))
    for middle in BRIDGES:
        if middle not in {currency, into}:
            first = _leg(tickers, currency, middle)
            second = _leg(tickers, middle, into)
            ways.append(_joined(first, second))
    return ways


def _leg(tickers: Mapping[str, Live], one: str, other: str) -> Rate | None:
    direct, inverse = _legs(tickers, one, other)
    if direct is None or (direct.stale and inverse is not None and not inverse.stale):
        return inverse
    return direct


def _legs(
    tickers: Mapping[str, Live], one: str, other: str
) -> tuple[Rate | None, Rate | None]:
    """Return the rate of a market as it is, and of the reverse one turned round."""
    direct, reverse = tickers.get(f"{one}/{other}"), tickers.get(f"{other}/{one}")
    inverse = None if reverse is None else _rate(reverse, f"{other}/{one}")
    if inverse is not None:
        inverse = Rate(
            WIDE.divide(_ONE, inverse.price),
            inverse.age_seconds,
            inverse.stale,
            inverse.markets,
        )
    return None if direct is None else _rate(direct, f"{one}/{other}"), inverse


def _rate(ticker: Live, symbol: str) -> Rate | None:
    price = price_of(ticker.body)
    if price is None:
        return None
    return Rate(price, ticker.age_seconds, ticker.stale, (symbol,))


def _joined(first: Rate | None, second: Rate | None) -> Rate | None:
    if first is None or second is None:
        return None
    return Rate(
        WIDE.multiply(first.price, second.price),
        max(first.age_seconds, second.age_seconds),
        first.stale or second.stale,
        first.markets + second.markets,
    )


def price_of(ticker: Mapping[str, Any]) -> Decimal | None:
    """Return what a market is valued at: the middle of bid and ask, else the last price.

    Args:
        ticker: As it is kept: `bid`, `ask` and `last` as text or None.
    """
    bid, ask = _positive(ticker.get("bid")), _positive(ticker.get("ask"))
    if bid is not None and ask is not None:
        return WIDE.divide(WIDE.add(bid, ask), Decimal(2))
    return _positive(ticker.get("last"))


def _positive(text: Any) -> Decimal | None:
    if not isinstance(text, str):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None

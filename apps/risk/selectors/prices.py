"""The prices that orders are judged by: those that the account's venue trades at."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from apps.core.exact import WIDE, exact
from apps.market.selectors.prices import tickers_of
from apps.portfolio.enums import PriceSource
from apps.risk.judging.pricing import Quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from apps.portfolio.models import Account

    type Quotes = dict[tuple[UUID, str], Quote]


def quotes_of(*, wanted: Iterable[tuple[Account, str]], now: datetime) -> Quotes:
    """Return the latest prices of markets, as accounts see them, in one read.

    Args:
        wanted: Accounts and symbols.
        now: The moment, UTC, for the ages.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    asked = list(wanted)
    live = [one for one in asked if one[0].price_source == PriceSource.LIVE.value]
    markets = {(account.exchange, symbol) for account, symbol in live}
    tickers = tickers_of(markets=sorted(markets), now=now) if markets else {}
    quotes: Quotes = {}
    for account, symbol in live:
        found = tickers.get((account.exchange, symbol))
        quote = found and _quote(found.body, found.age_seconds)
        if quote:
            quotes[account.pk, symbol] = quote
    for account, symbol in asked:
        if account.price_source == PriceSource.CANDLES.value:
            replayed = _replayed(account, symbol, now)
            if replayed is not None:
                quotes[account.pk, symbol] = replayed
    return quotes


def _quote(body: dict[str, Any], age_seconds: float) -> Quote | None:
    bid, ask, last = (_positive(body.get(name)) for name in ("bid", "ask", "last"))
    if last is None:
        if bid is None or ask is None:
            return None
        last = exact(WIDE.divide(WIDE.add(bid, ask), Decimal(2)))
    return Quote(bid or last, ask or last, last, age_seconds)


def _replayed(account: Account, symbol: str, now: datetime) -> Quote | None:
    # Reads candles, which a process that serves the web does not load before it must.
    from apps.portfolio.paper.prices import prices_of  # noqa: PLC0415

    seen = prices_of(account).quote(symbol, now).quote
    if seen is None or seen.last is None:
        return None
    bid = seen.bids[0].price if seen.bids else seen.last
    ask = seen.asks[0].price if seen.asks else seen.last
    # The newest candle that is closed: as fresh as the replay can be.
    return Quote(exact(bid), exact(ask), exact(seen.last), 0.0)


def _positive(text: Any) -> Decimal | None:
    if not isinstance(text, str):
        return None
    try:
        number = Decimal(text)
        return exact(number) if number > 0 else None
    except (InvalidOperation, OverflowError):
        return None

"""The prices of paper accounts: those that are held fresh, or a replay of candles."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.errors import Unavailable
from apps.exchanges.adapters.paper.contracts import Level, Quote
from apps.market.enums import LiveKind
from apps.market.models import LiveDemand
from apps.market.moments import ns_from_datetime
from apps.market.selectors.prices import kinds_read
from apps.market.services.demand import demand_want
from apps.portfolio.enums import PriceSource as SourceName
from apps.portfolio.paper.candles import CandlePrices
from apps.portfolio.paper.seen import Priced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apps.exchanges.adapters.paper.contracts import Seen
    from apps.market.selectors.prices import Live
    from apps.portfolio.models import Account
    from apps.portfolio.paper.seen import PriceSource

# A book that is older than the ticker by more is not what the market is any more.
_BOOK_BEHIND = timedelta(seconds=2)
_SOON = timedelta(seconds=30)
_KINDS = 2


def prices_of(account: Account) -> PriceSource:
    """Return where a paper account's prices come from."""
    if account.price_source == SourceName.CANDLES.value:
        return CandlePrices(account)
    return LivePrices(account.exchange)


class LivePrices:
    """The latest ticker and order book of an exchange's markets.

    Of what was between two looks, nothing is known.

    Args:
        exchange: Its id.
    """

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._read: dict[str, Priced] = {}

    def load(self, symbols: Sequence[str], now: datetime) -> None:
        """Read the prices of some markets at once; they are told from then on."""
        tickers, books = LiveKind.TICKERS.value, LiveKind.BOOKS.value
        told = kinds_read(
            kinds=(tickers, books), exchange=self._exchange, symbols=symbols, now=now
        )
        self._read = {
            one: self._priced(one, told[tickers].get(one), told[books].get(one))
            for one in symbols
        }

    def quote(self, symbol: str, now: datetime) -> Priced:
        """Return a market's price now, if it may be traded on.

        Args:
            symbol: The market.
            now: The moment, UTC.
        """
        if symbol not in self._read:
            try:
                self.load([symbol], now)
            except Unavailable as error:
                return Priced(None, error.message)
        return self._read[symbol]

    def since(self, symbol: str, after: datetime, now: datetime) -> Sequence[Seen]:
        """Return the latest of a market, if it was seen after a moment.

        Args:
            symbol: The market.
            after: From when on, exclusive, UTC.
            now: The moment, UTC.
        """
        quote = self.quote(symbol, now).quote
        if quote is None:
            return ()
        newest = max(quote.time_ns, quote.last_ns or 0)
        return (quote,) if newest > ns_from_datetime(after) else ()

    def _priced(self, symbol: str, ticker: Live | None, book: Live | None) -> Priced:
        fresh_ticker = None if ticker is None or ticker.stale else ticker
        fresh_book = None if book is None or book.stale else book
        if fresh_ticker is None and fresh_book is None:
            known = [one.age_seconds for one in (ticker, book) if one is not None]
            age = f"is {min(known):.1f} s old" if known else "is not known"
            where = f"{symbol} at {self._exchange}"
            return Priced(None, f"The price of {where} {age}; nothing is traded on it.")
        return Priced(_quote(fresh_ticker, fresh_book), "")


def prices_want(exchange: str, symbols: Iterable[str], *, now: datetime) -> None:
    """Have the prices of some markets held fresh for the next minute."""
    asked = sorted(set(symbols))
    for kind in (LiveKind.TICKERS, LiveKind.BOOKS):
        demand_want(exchange=exchange, kind=kind.value, symbols=asked, now=now)


def prices_hold(exchange: str, symbols: Iterable[str], *, now: datetime) -> None:
    """Go on to have prices held fresh, where that is to end soon; cheap to call often."""
    asked = set(symbols)
    held = LiveDemand.objects.filter(
        exchange=exchange,
        kind__in=[LiveKind.TICKERS.value, LiveKind.BOOKS.value],
        symbol__in=asked,
        until__gt=now + _SOON,
    ).values_list("symbol", flat=True)
    both = Counter(held)
    missing = {one for one in asked if both[one] < _KINDS}
    if missing:
        prices_want(exchange, missing, now=now)


def _quote(ticker: Live | None, book: Live | None) -> Quote | None:
    told = _moment(ticker) if ticker else None
    last = _level(ticker, "last") if ticker else None
    price = last.price if last else None
    last_ns = ns_from_datetime(told) if told else None
    if book is not None and not (told and told - _moment(book) > _BOOK_BEHIND):
        bids, asks = (_levels(book, side) for side in ("bids", "asks"))
        return Quote(ns_from_datetime(_moment(book)), bids, asks, price, last_ns)
    if ticker is None or last_ns is None:
        return None
    # How much there is behind the best price, a ticker does not tell.
    bid, ask = _level(ticker, "bid"), _level(ticker, "ask")
    return Quote(last_ns, (bid,) if bid else (), (ask,) if ask else (), price, last_ns)


def _moment(live: Live) -> datetime:
    return datetime.fromisoformat(live.body["received_at"])


def _level(ticker: Live, name: str) -> Level | None:
    text = ticker.body.get(name)
    return None if text is None else Level(Decimal(text), None)


def _levels(book: Live, side: str) -> tuple[Level, ...]:
    return tuple(
        Level(Decimal(price), Decimal(quantity)) for price, quantity in book.body[side]
    )

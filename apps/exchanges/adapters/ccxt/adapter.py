"""The public data of one exchange, through ccxt, for jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.exchanges.adapters.ccxt.answers import book_from, ticker_from
from apps.exchanges.adapters.ccxt.calls import Calls
from apps.exchanges.adapters.ccxt.candles import agreed, candles_from, impossible
from apps.exchanges.adapters.ccxt.capabilities import (
    capabilities_from,
    page_limit,
    stream_has,
)
from apps.exchanges.adapters.ccxt.markets import rounded
from apps.exchanges.adapters.ccxt.numbers import NS_PER_SECOND, ceil_ms
from apps.exchanges.adapters.ccxt.trades import trades_from
from apps.exchanges.errors import ExchangeUnsupported, TimeframeUnsupported
from apps.exchanges.ports import ExchangeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from apps.exchanges.config import ExchangeConfig
    from apps.exchanges.contracts import Candles, Market, OrderBook, Ticker, Trades
    from apps.exchanges.guard import GuardPolicy
    from apps.exchanges.ports import Capabilities

_TRADES_PER_PAGE = 1000


class CcxtMarketData:
    """One exchange of ccxt behind `MarketDataPort`; threads may share it.

    Args:
        exchange: ccxt's id.
        config: How it is reached.
        policy: How often and how long it is tried; the usual one where None.
    """

    def __init__(
        self,
        exchange: str,
        config: ExchangeConfig,
        policy: GuardPolicy | None = None,
    ) -> None:
        self.exchange = exchange
        self._calls = Calls(exchange, config, policy)
        self._client = self._calls.client

    def capabilities(self) -> Capabilities:
        """Say what the exchange can do; no call is made."""
        return capabilities_from(self._client, stream_has(self.exchange))

    def status(self) -> ExchangeStatus:
        """Ask the exchange for its time; an outage is an answer, not an error."""
        guard = self._calls.guard
        begun = time.perf_counter()
        try:
            skew = self._calls.once(self._probe)
        except ApplicationError as error:
            return ExchangeStatus(
                reachable=False,
                latency_seconds=None,
                clock_skew_seconds=None,
                circuit=guard.circuit,
                message=error.message,
            )
        return ExchangeStatus(
            reachable=True,
            latency_seconds=time.perf_counter() - begun,
            clock_skew_seconds=skew,
            circuit=guard.circuit,
            message="",
        )

    def markets(self) -> tuple[Market, ...]:
        """Return every market, sorted by symbol; they are fetched anew."""
        return self._calls.markets_load()

    def ticker(self, symbol: str) -> Ticker:
        """Return the last price and the best offers.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeAnswerInvalid: The answer cannot be believed.
        """
        self._require("fetchTicker", "tickers")
        self._calls.market(symbol)
        return self._calls.read(
            lambda: ticker_from(
                self._client.fetch_ticker(symbol), symbol, received_ns=time.time_ns()
            )
        )

    def order_book(self, symbol: str, depth: int) -> OrderBook:
        """Return the best `depth` levels of either side.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeAnswerInvalid: The answer cannot be believed.
        """
        self._require("fetchOrderBook", "order books")
        self._calls.market(symbol)
        return self._calls.read(
            lambda: book_from(
                self._client.fetch_order_book(symbol, depth),
                symbol,
                depth,
                received_ns=time.time_ns(),
            )
        )

    def candles_page(
        self, symbol: str, timeframe: str, since_ns: int, limit: int | None = None
    ) -> Candles:
        """Return one page of candles that open at `since_ns` or later.

        Raises:
            SymbolUnknown: There is no such market.
            TimeframeUnsupported: The exchange has no candles of this length.
            ExchangeAnswerInvalid: The answer cannot be believed.
        """
        market = self._calls.market(symbol)
        length_ns = self._timeframe_ns(timeframe)
        most = limit or page_limit(self._client, market)

        def ask() -> Candles:
            raw = self._client.fetch_ohlcv(symbol, timeframe, ceil_ms(since_ns), most)
            return candles_from(self._calls.listed(raw), symbol, length_ns)

        page = self._calls.read(ask)
        if not len(impossible(page)):
            return page
        # Asked again before it is believed: then it is the exchange's own history, and
        # whoever stores it has to name it.
        return agreed(page, self._calls.read(ask), symbol)

    def trades_page(self, symbol: str, since_ns: int, after_id: str | None) -> Trades:
        """Return one page of public trades.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeAnswerInvalid: The answer cannot be believed.
        """
        self._require("fetchTrades", "public trades")
        self._calls.market(symbol)
        since_ms = ceil_ms(since_ns)
        return self._calls.read(
            lambda: trades_from(self._trades_ask(symbol, since_ms, after_id), symbol)
        )

    def price_round(self, symbol: str, price: Decimal) -> Decimal:
        """Return a price on the market's grid, to the nearest step.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeRejected: It is below half a step.
        """
        self._calls.market(symbol)
        return rounded(self._client, symbol, price, of="price")

    def quantity_round(self, symbol: str, quantity: Decimal) -> Decimal:
        """Return a quantity on the market's grid, never more than was asked.

        Raises:
            SymbolUnknown: There is no such market.
            ExchangeRejected: It is below one step.
        """
        self._calls.market(symbol)
        return rounded(self._client, symbol, quantity, of="amount")

    def close(self) -> None:
        """Let go of its connections."""
        self._calls.close()

    def _probe(self) -> float | None:
        """Ask for the time, or for what every exchange has where it tells none."""
        if self._client.has.get("fetchTime"):
            return self._calls.clock_skew()
        self._client.fetch_markets()
        return None

    def _timeframe_ns(self, timeframe: str) -> int:
        self._require("fetchOHLCV", "candles")
        known = tuple(self._client.timeframes or ())
        if timeframe not in known:
            message = (
                f"{self.exchange} has no candles of {timeframe[:20]!r}; "
                f"it has {', '.join(known)}"
            )
            raise TimeframeUnsupported(message, attr="timeframe")
        return int(self._client.parse_timeframe(timeframe)) * NS_PER_SECOND

    def _trades_ask(
        self, symbol: str, since_ms: int, after_id: str | None
    ) -> list[Mapping[str, Any]]:
        """Ask for trades; by id where the exchange can be asked so, else by time."""
        if self.exchange.startswith("binance"):
            # ccxt would end the range after an hour: a quiet one would look like the end.
            place: dict[str, Any] = (
                {"startTime": since_ms}
                if after_id is None
                else {"fromId": int(after_id) + 1}
            )
            raw = self._client.fetch_trades(symbol, None, _TRADES_PER_PAGE, place)
        else:
            raw = self._client.fetch_trades(symbol, since_ms)
        listed: list[Mapping[str, Any]] = self._calls.listed(raw)
        return [each for each in listed if after_id is None or each["id"] != after_id]

    def _require(self, ability: str, what: str) -> None:
        if not self._client.has.get(ability):
            message = f"{self.exchange} has no {what}"
            raise ExchangeUnsupported(message, attr="exchange")

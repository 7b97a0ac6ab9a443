"""What makes the streams run: one task that lets prices, books and trades go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import orjson

from tests.exchange_server.bars import INTERVALS, open_ms, ordinal
from tests.exchange_server.faults import FaultKind
from tests.exchange_server.pages import bar_ends, eight_digits

if TYPE_CHECKING:
    from tests.exchange_server.bars import BarArrays
    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.live import LiveMarket
    from tests.exchange_server.markets import ServedMarket

_TICK_SECONDS: Final = 0.02
_BOOKS_SECONDS: Final = 0.1
_SLOW_SECONDS: Final = 1.0
_PARTIAL: Final = ("5", "10", "20")
_ALL_DAY, _ALL_MINI = "!ticker@arr", "!miniTicker@arr"
_DEPTH_KINDS: Final = frozenset(
    {FaultKind.DEPTH_GAP, FaultKind.DEPTH_REORDER, FaultKind.DEPTH_DOUBLE}
)


class Engine:
    """The exchange's heart: it beats every 20 ms while somebody listens."""

    def __init__(self, exchange: Exchange) -> None:
        """Take the exchange."""
        self._exchange = exchange
        self._broadcast = exchange.broadcast
        self._traded = [
            each for each in exchange.markets.values() if each.status == "TRADING"
        ]
        self._place = 0
        self._owed = 0.0
        self._held: dict[str, bytes] = {}
        self._bars: dict[str, int] = {}

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        before = books = slow = loop.time()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = loop.time()
            # What could not be told in a second is not made up for.
            passed = min(now - before, 1.0)
            before = now
            if not self._broadcast.connections and not self._exchange.desk.busy:
                continue
            self._tickers(passed)
            if now - books >= _BOOKS_SECONDS:
                books = max(books + _BOOKS_SECONDS, now - _BOOKS_SECONDS)
                whole = now - slow >= _SLOW_SECONDS
                slow = now if whole else slow
                self._slower(whole=whole)
            self._broadcast.flush()

    def _slower(self, *, whole: bool) -> None:
        """Tell books and trades, and each full second candles too."""
        by_market: dict[str, list[str]] = {}
        for stream in self._broadcast.streams():
            name, _, kind = stream.partition("@")
            by_market.setdefault(name.upper(), []).append(kind)
        for name, kinds in by_market.items():
            market = self._exchange.markets.get(name)
            if market is None:
                continue
            if any(kind.startswith("depth") for kind in kinds):
                self._depth(market, kinds, whole=whole)
            if "trade" in kinds or "aggTrade" in kinds:
                self._trades(market)
            if whole:
                for kind in kinds:
                    if kind.startswith("kline_"):
                        self._candle(market, kind)

    def _tickers(self, passed: float) -> None:
        """Let as many prices walk as the rate asks for, and tell them."""
        rate = self._exchange.options.ticker_rate or 2 * len(self._traded)
        self._owed += rate * passed
        count, self._owed = int(self._owed), self._owed % 1
        day: list[bytes] = []
        mini: list[bytes] = []
        wanted = self._broadcast.wanted
        every_day, every_mini = wanted(_ALL_DAY), wanted(_ALL_MINI)
        for number in range(count):
            market = self._traded[self._place]
            self._place = (self._place + 1) % len(self._traded)
            live = self._exchange.live(market)
            live.walk()
            self._exchange.desk.match(market.name)
            now = self._exchange.clock.now_ms()
            if every_day:
                day.append(live.ticker_event(now))
            if every_mini:
                mini.append(live.mini_event(now))
            self._ticker(live, now)
            # Nobody is told of one market twice in the same array.
            if (number + 1) % len(self._traded) == 0:
                self._arrays(day, mini)
        self._arrays(day, mini)

    def _ticker(self, live: LiveMarket, now: int) -> None:
        stem = live.stem
        if self._broadcast.wanted(stem + "@ticker"):
            self._broadcast.publish(stem + "@ticker", live.ticker_event(now))
        if self._broadcast.wanted(stem + "@miniTicker"):
            self._broadcast.publish(stem + "@miniTicker", live.mini_event(now))
        if self._broadcast.wanted(stem + "@bookTicker"):
            self._broadcast.publish(stem + "@bookTicker", live.best_event())

    def _arrays(self, day: list[bytes], mini: list[bytes]) -> None:
        for stream, events in ((_ALL_DAY, day), (_ALL_MINI, mini)):
            if events:
                self._broadcast.publish(stream, b"[" + b",".join(events) + b"]")
                events.clear()

    def _depth(self, market: ServedMarket, kinds: list[str], *, whole: bool) -> None:
        """Change a book, and tell it to who follows it."""
        exchange, stem = self._exchange, market.name.lower()
        book = exchange.book(market)
        if not exchange.books_held:
            book.follow()
            book.stir(exchange.options.depth_changes)
        now = exchange.clock.now_ms()
        for rate, suffix in ((100, "depth@100ms"), (1000, "depth")):
            if suffix not in kinds:
                book.forget(rate)
            elif rate == 100 or whole:
                event = book.event(rate, now)
                if event is not None:
                    self._depth_told(f"{stem}@{suffix}", market.name, event)
        for levels in _PARTIAL:
            for suffix in (f"depth{levels}", f"depth{levels}@100ms"):
                if suffix in kinds and (whole or suffix.endswith("100ms")):
                    told = orjson.dumps(book.snapshot(int(levels)))
                    self._broadcast.publish(f"{stem}@{suffix}", told)

    def _depth_told(self, stream: str, symbol: str, event: bytes) -> None:
        """Tell a change of a book, unless a fault loses, doubles or delays it."""
        exchange = self._exchange
        held = self._held.pop(stream, None)
        fault = (
            exchange.faults.met(_DEPTH_KINDS, path=stream, symbol=symbol)
            if exchange.faults
            else None
        )
        if fault is not None:
            exchange.journal.add(
                "fault",
                exchange.clock.true_ms(),
                fault=fault.kind.value,
                number=fault.number,
                path=stream,
                symbol=symbol,
            )
            if fault.kind is FaultKind.DEPTH_DOUBLE:
                self._broadcast.publish(stream, event)
            if fault.kind is FaultKind.DEPTH_REORDER:
                self._held[stream] = event
        if fault is None or fault.kind is FaultKind.DEPTH_DOUBLE:
            self._broadcast.publish(stream, event)
        if held is not None:
            self._broadcast.publish(stream, held)

    def _trades(self, market: ServedMarket) -> None:
        exchange, stem = self._exchange, market.name.lower()
        now = exchange.clock.now_ms()
        for trade in exchange.tape(market).due(exchange.clock.past_ms()):
            self._broadcast.publish(stem + "@trade", trade.event(market.name, now))
            self._broadcast.publish(
                stem + "@aggTrade", trade.gathered_event(market.name, now)
            )

    def _candle(self, market: ServedMarket, kind: str) -> None:
        """Tell the bar that is being made, and the one before it once it is done."""
        exchange = self._exchange
        interval = kind.removeprefix("kline_")
        if interval not in INTERVALS:
            return
        stream = f"{market.name.lower()}@{kind}"
        past, history = exchange.clock.past_ms(), exchange.history(market)
        begun = open_ms(interval, ordinal(interval, past))
        before = self._bars.get(stream, begun)
        self._bars[stream] = begun
        if before != begun:
            done = history.bars(interval, before, begun)
            if len(done):
                self._candle_told(stream, market, interval, done, closed=True)
        making = history.unfinished(interval, past)
        if len(making):
            self._candle_told(stream, market, interval, making, closed=False)

    def _candle_told(
        self,
        stream: str,
        market: ServedMarket,
        interval: str,
        bars: BarArrays,
        *,
        closed: bool,
    ) -> None:
        at = int(bars.time[-1])
        told = {
            "t": at,
            "T": bar_ends(interval, at) - 1,
            "s": market.name,
            "i": interval,
            "f": 1,
            "L": int(bars.count[-1]),
            "o": eight_digits(int(bars.open[-1])),
            "c": eight_digits(int(bars.close[-1])),
            "h": eight_digits(int(bars.high[-1])),
            "l": eight_digits(int(bars.low[-1])),
            "v": eight_digits(int(bars.volume[-1])),
            "n": int(bars.count[-1]),
            "x": closed,
            "q": eight_digits(int(bars.quote[-1])),
            "V": eight_digits(int(bars.taker[-1])),
            "Q": eight_digits(int(bars.quote[-1]) // 2),
            "B": "0",
        }
        event = {
            "e": "kline",
            "E": self._exchange.clock.now_ms(),
            "s": market.name,
            "k": told,
        }
        self._broadcast.publish(stream, orjson.dumps(event))

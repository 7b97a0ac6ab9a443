"""The exchange itself: its clock, markets, past, faults and journal."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tests.exchange_server.books import Book
from tests.exchange_server.broadcast import Broadcast
from tests.exchange_server.desk import Desk
from tests.exchange_server.faults import Faults
from tests.exchange_server.history import SyntheticHistory
from tests.exchange_server.journal import Journal
from tests.exchange_server.ledger import Account
from tests.exchange_server.live import LiveMarket
from tests.exchange_server.markets import (
    EIGHT,
    HOUR_MS,
    Era,
    ServedMarket,
    default_markets,
)
from tests.exchange_server.pages import Pages
from tests.exchange_server.refusals import refusal
from tests.exchange_server.tape import Tape
from tests.exchange_server.users import Users

if TYPE_CHECKING:
    from tests.exchange_server.history import History
    from tests.exchange_server.loaded import LoadedHistory

_AHEAD_MS: Final = 60 * 24 * HOUR_MS


KEY: Final = "loopback-key"
SECRET: Final = "loopback-secret"  # noqa: S105
READ_KEY: Final = "loopback-read-key"
WITHDRAW_KEY: Final = "loopback-withdraw-key"
_BALANCES: Final = (
    ("USDT", Decimal(100_000)),
    ("BTC", Decimal(10)),
    ("ETH", Decimal(100)),
    ("BNB", Decimal(100)),
    ("XRP", Decimal(100_000)),
)


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """How an account begins.

    Attributes:
        key: Its API key.
        secret: What its requests are signed with.
        balances: Assets and what it has of them.
        can_trade: Whether its key may place orders.
        can_withdraw: Whether its key may take money out.
        fee: Of both makers and takers, as a fraction of what is received.
        fee_asset: What fees are paid in while that lasts, and the price of one of it in
            quote units; None pays in what is received.
    """

    key: str = KEY
    secret: str = SECRET
    balances: tuple[tuple[str, Decimal], ...] = _BALANCES
    can_trade: bool = True
    can_withdraw: bool = False
    fee: Decimal = Decimal("0.001")
    fee_asset: tuple[str, Decimal] | None = None

    def opened(self) -> Account:
        """Return the account."""
        account = Account(
            self.key,
            self.secret,
            maker_fee=self.fee,
            taker_fee=self.fee,
            can_trade=self.can_trade,
            can_withdraw=self.can_withdraw,
            fee_asset=self.fee_asset,
        )
        for asset, free in self.balances:
            account.change(asset, "deposit", free=free)
        return account


@dataclass(frozen=True, slots=True)
class ExchangeOptions:
    """How an exchange is set up.

    Attributes:
        symbols: How many markets are traded, besides a relisted and a delisted one.
        seed: What its past is drawn from.
        now_ms: Where its time stands still for candles and trades; None lets it run.
        ticker_rate: Ticker updates per second over all markets; 0 is two per market.
        depth_changes: How many offers change in a book every 100 ms, where watched.
        weight_limit: Request weight per minute before it answers 429; None is no limit.
        markets: Other markets than the default ones.
        accounts: Who may sign requests.
    """

    symbols: int = 30
    seed: int = 0
    now_ms: int | None = None
    ticker_rate: float = 0
    depth_changes: int = 6
    weight_limit: int | None = None
    markets: tuple[ServedMarket, ...] | None = None
    accounts: tuple[AccountOptions, ...] = (
        AccountOptions(),
        AccountOptions(READ_KEY, can_trade=False),
        AccountOptions(WITHDRAW_KEY, can_withdraw=True),
    )


@dataclass(slots=True)
class Clock:
    """The exchange's time.

    Attributes:
        skew_ms: How far it is ahead of the machine's.
        frozen_ms: Where the past ends; None is now.
    """

    skew_ms: int = 0
    frozen_ms: int | None = None

    def true_ms(self) -> int:
        """Return the machine's time, which events are stamped with."""
        return time.time_ns() // 1_000_000

    def now_ms(self) -> int:
        """Return what the exchange says the time is."""
        return self.true_ms() + self.skew_ms

    def past_ms(self) -> int:
        """Return where the past ends: candles and trades are told up to it."""
        return self.now_ms() if self.frozen_ms is None else self.frozen_ms


@dataclass(slots=True)
class Exchange:
    """Everything that the exchange knows.

    Attributes:
        options: How it was set up.
        clock: Its time.
        markets: Its markets by their name on the wire.
        histories: Their pasts, drawn when first asked for.
        pages: Their candles as bytes.
        faults: What is to go wrong.
        journal: What happened.
        weight: The current minute, and the request weight used in it.
        banned_until_ms: Until when every request is answered 418.
        broadcast: Who listens to which stream.
        desk: The accounts and their orders.
        users: What accounts are told of themselves.
        books_held: Whether order books stand still.
    """

    options: ExchangeOptions
    clock: Clock = field(init=False)
    markets: dict[str, ServedMarket] = field(init=False)
    histories: dict[str, History] = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    weight: tuple[int, int] = (0, 0)
    banned_until_ms: int = 0
    broadcast: Broadcast = field(init=False)
    desk: Desk = field(init=False)
    users: Users = field(init=False)
    books_held: bool = False
    _live: dict[str, LiveMarket] = field(default_factory=dict)
    _books: dict[str, Book] = field(default_factory=dict)
    _tapes: dict[str, Tape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        options = self.options
        self.clock = Clock(frozen_ms=options.now_ms)
        listed = options.markets or default_markets(options.symbols)
        self.markets = {each.name: each for each in listed}
        self.broadcast = Broadcast(self.faults, self.journal)
        self.desk = Desk(self, [each.opened() for each in options.accounts])
        self.users = Users(self)

    def market(self, name: str | None) -> ServedMarket:
        """Return a market by its name on the wire."""
        if not name:
            raise refusal(
                -1102,
                "Mandatory parameter 'symbol' was not sent, was empty/null, or "
                "malformed.",
            )
        found = self.markets.get(name)
        if found is None:
            raise refusal(-1121)
        return found

    def history(self, market: ServedMarket) -> History:
        """Return the past of a market."""
        found = self.histories.get(market.name)
        if found is None:
            until = max(self.clock.true_ms(), self.clock.past_ms()) + _AHEAD_MS
            found = self.histories[market.name] = SyntheticHistory(
                market,
                until_ms=until // HOUR_MS * HOUR_MS,
                seed=self.options.seed,
            )
        return found

    def live(self, market: ServedMarket) -> LiveMarket:
        """Return the price of a market now."""
        found = self._live.get(market.name)
        if found is None:
            day = self.history(market).day(self.clock.past_ms())
            found = self._live[market.name] = LiveMarket(market, day)
        return found

    def book(self, market: ServedMarket) -> Book:
        """Return the offers on a market."""
        found = self._books.get(market.name)
        if found is None:
            found = self._books[market.name] = Book(self.live(market))
        return found

    def tape(self, market: ServedMarket) -> Tape:
        """Return the trades of a market from now on."""
        found = self._tapes.get(market.name)
        if found is None:
            found = Tape(self.history(market), self.clock.past_ms())
            self._tapes[market.name] = found
        return found

    def price_set(self, market: ServedMarket, price: Decimal, *, hold: bool) -> None:
        """Move a market's price: a trade tells of it, and open orders meet it."""
        live = self.live(market)
        live.price_set(price, hold=hold)
        self.tape(market).add(
            self.clock.now_ms(), live.last * live.tick, 10 * live.step, maker=False
        )
        self.desk.match(market.name)

    def history_load(self, name: str, history: LoadedHistory, **details: Any) -> None:
        """Give a market the past that a test brings, and list the market if need be.

        Args:
            name: The market, as `XRP/ETH`.
            history: Its past.
            **details: Fields of a `ServedMarket` that are to differ from the usual.
        """
        base, _, quote = name.partition("/")
        first = history.span[0]
        market = self.markets.get(base + quote) or ServedMarket(
            base, quote, EIGHT, EIGHT, Decimal(0), ()
        )
        market = replace(market, eras=(Era(first, None, Decimal(1)),), **details)
        self.market_change(market)
        self.histories[market.name] = history

    def market_change(self, market: ServedMarket) -> None:
        """List a market, or list it otherwise: its past is told anew."""
        self.markets[market.name] = market
        self.pages.forget(market.name)
        for kept in (self.histories, self._live, self._books, self._tapes):
            kept.pop(market.name, None)

"""The feed: one loop that holds fresh whatever somebody wants, for all exchanges."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.exchanges.registry import stream_open
from apps.market.exchanges import exchange_config, market_data
from apps.market.live.encoding import moment
from apps.market.live.exchange_feed import ExchangeFeed
from apps.market.live.leases import Leases
from apps.market.live.ledger import Ledger, LedgerDown
from apps.market.live.publishing import Publisher
from apps.market.live.recorders import Recorders
from apps.market.live.status import (
    FEED_CHANNEL,
    STATUS_CHANNEL,
    exchange_status,
    status_encode,
)
from apps.market.selectors.demand import Wanted, wanted_read
from apps.market.services.demand import demand_forget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from apps.stream.latest import LatestStore

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
STATUS_SECONDS = 3.0
TELL_SECONDS = 10.0
FORGET_SECONDS = 60.0
# An exchange of which nothing is wanted any more stays connected for a while.
IDLE_SECONDS = 30.0
# SIGTERM is over within ten, whatever hangs: what runs, parts, connections, leases.
CANCEL_SECONDS, PARTS_SECONDS, CLOSE_SECONDS, RELEASE_SECONDS = 1.0, 5.0, 2.0, 1.0
# To one exchange; one that hangs holds up no other.
CALLS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """What a feed does.

    Attributes:
        holder: A name of this process that no other has.
        always: What is wanted at all times, by exchange, beside what somebody asks for.
        only: The exchanges that it serves; empty for all.
        sign: A file to touch while it is well.
        tell: Called with a line of progress.
    """

    holder: str
    always: dict[str, Wanted] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    sign: Path | None = None
    tell: Callable[[str], None] = logger.info


class Feed:
    """Holds fresh what is wanted until it is told to stop.

    Args:
        store: Where the latest is written.
        options: What it does.
    """

    def __init__(self, store: LatestStore, options: FeedOptions) -> None:
        self._options = options
        self._store = store
        self._publisher = Publisher(store)
        self._ledger = Ledger()
        self._leases = Leases(self._ledger, options.holder)
        self._recorders = Recorders(self._ledger)
        self._feeds: dict[str, ExchangeFeed] = {}
        self._wanted: dict[str, Wanted] = {}
        self._idle_since: dict[str, float] = {}
        self._standby: set[str] = set()
        self._changing: dict[str, asyncio.Task[None]] = {}
        self._statuses: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        loops: list[Coroutine[Any, Any, None]] = [
            self._publisher.run(),
            self._recorders.run(),
            self._every(LOOK_SECONDS, self._look),
            self._every(LOOK_SECONDS, self._lapse),
            self._every(FORGET_SECONDS, self._forget),
            self._every(STATUS_SECONDS, self._live),
            self._tell(),
        ]
        tasks = [asyncio.create_task(one) for one in loops]
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((stopping, *tasks), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    # Each of them is endless: it has failed.
                    task.result()
        finally:
            await self._end([stopping, *tasks])

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except LedgerDown:
                # It is logged where it is met; what is followed is followed on.
                await asyncio.sleep(LOOK_SECONDS)
            await asyncio.sleep(seconds)

    async def _look(self) -> None:
        """See what is wanted, and of what this process has the lease."""
        wanted = await self._ledger.ask(self._read)
        refused = self._leases.refused.keys()
        held = await self._leases.take(list(wanted), self._feeds.keys())
        self._wanted = wanted
        for exchange in self._leases.refused.keys() - refused:
            self._options.tell(f"{exchange}: {self._leases.refused[exchange]}")
        for exchange in held & wanted.keys():
            self._idle_since.pop(exchange, None)
            self._standby.discard(exchange)
            if exchange not in self._feeds:
                self._options.tell(f"{exchange}: holding it fresh")
                self._feeds[exchange] = self._feed(exchange)
            self._change(exchange, self._follow(exchange, wanted[exchange]))
        for exchange in (
            wanted.keys() - held - self._standby - self._leases.refused.keys()
        ):
            self._standby.add(exchange)
            self._options.tell(f"{exchange}: another feed holds it fresh; standing by")
        for exchange in self._feeds.keys() - held:
            self._change(exchange, self._drop(exchange))
        for exchange in (self._feeds.keys() & held) - wanted.keys():
            since = self._idle_since.setdefault(exchange, time.monotonic())
            leave = time.monotonic() - since > IDLE_SECONDS
            work = self._drop(exchange) if leave else self._follow(exchange, Wanted())
            self._change(exchange, work)
        if self._options.sign is not None:
            self._options.sign.touch()

    async def _lapse(self) -> None:
        """Record nothing of what another process may have taken over."""
        for exchange, feed in self._feeds.items():
            if self._leases.lapsed(exchange):
                self._recorders.lapse(feed)

    def _read(self) -> dict[str, Wanted]:
        """Return what is wanted of the exchanges that this process serves."""
        wanted = wanted_read(now=timezone.now())
        for exchange, always in self._options.always.items():
            found = wanted.setdefault(exchange, Wanted())
            for name in ("tickers", "books", "trades"):
                asked = getattr(found, name)
                asked += [one for one in getattr(always, name) if one not in asked]
        only = self._options.only
        order = sorted(wanted, key=lambda one: one not in self._options.always)
        return {one: wanted[one] for one in order if not only or one in only}

    def _feed(self, exchange: str) -> ExchangeFeed:
        return ExchangeFeed(
            exchange,
            publisher=self._publisher,
            streams=lambda: stream_open(exchange, exchange_config(exchange)),
            data=partial(market_data, exchange),
            executor=ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix=exchange),
        )

    def _change(self, exchange: str, work: Coroutine[Any, Any, None]) -> None:
        """Let one change of an exchange be made at a time."""
        running = self._changing.get(exchange)
        if running is not None and not running.done():
            work.close()
            return
        self._changing[exchange] = asyncio.create_task(self._guarded(exchange, work))

    async def _guarded(self, exchange: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except LedgerDown:
            return
        except Exception:
            # A mistake of ours at one exchange must not end the others.
            logger.exception("%s: the feed failed", exchange)

    async def _follow(self, exchange: str, wanted: Wanted) -> None:
        feed = self._feeds[exchange]
        if exchange not in self._statuses:
            self._statuses[exchange] = asyncio.create_task(self._status(feed))
        await feed.follow(wanted)
        await self._recorders.follow(feed, wanted)

    async def _drop(self, exchange: str) -> None:
        feed = self._feeds.pop(exchange)
        self._idle_since.pop(exchange, None)
        status = self._statuses.pop(exchange, None)
        if status is not None:
            status.cancel()
        await self._recorders.leave(feed)
        await feed.close()
        await self._leases.release([exchange])

    async def _status(self, feed: ExchangeFeed) -> None:
        """Tell how an exchange is, and ask for what is quiet, while it is followed."""
        while True:
            status = await exchange_status(feed)
            wanted = self._wanted.get(feed.exchange)
            body = status_encode(
                feed,
                status,
                self._publisher,
                holder=self._options.holder,
                left_out=wanted.left_out if wanted else 0,
            )
            encode = partial(bytes, body)
            self._publisher.put(STATUS_CHANNEL, feed.exchange, encode, 0)
            until = time.monotonic() + STATUS_SECONDS
            while time.monotonic() < until:
                await asyncio.sleep(LOOK_SECONDS)
                await feed.ticker_refresh(settings.LIVE_STALE_SECONDS / 2)

    async def _live(self) -> None:
        """Tell that this process lives, also while nothing is wanted."""
        told = {
            "holder": self._options.holder,
            "at": moment(time.time_ns()),
            "exchanges": sorted(self._feeds),
            "refused": self._leases.refused,
            "database": self._ledger.up,
            "recordings": len(self._recorders),
        }
        body = orjson.dumps(told)
        self._publisher.put(FEED_CHANNEL, "feed", partial(bytes, body), 0)

    async def _forget(self) -> None:
        await self._ledger.ask(demand_forget, now=timezone.now())

    async def _tell(self) -> None:
        """Say each few seconds how much came and went."""
        before, at = (0, 0), time.monotonic()
        while True:
            await asyncio.sleep(TELL_SECONDS)
            publisher, now = self._publisher, time.monotonic()
            totals = publisher.received.total(), publisher.published.total()
            took = now - at
            came, went = (
                (new - old) / took for new, old in zip(totals, before, strict=True)
            )
            latencies = publisher.latencies() or (0.0, 0.0)
            self._options.tell(
                f"{len(self._feeds)} exchanges, {came:,.0f} updates/s in, "
                f"{went:,.0f}/s out, p50 {latencies[0] * 1e3:.0f} ms, "
                f"p99 {latencies[1] * 1e3:.0f} ms, {len(self._recorders)} recordings"
            )
            before, at = totals, now

    async def _end(self, tasks: list[asyncio.Task[Any]]) -> None:
        """Store what there is, then let go of everything; what hangs is left behind."""
        tasks += [*self._changing.values(), *self._statuses.values()]
        for task in tasks:
            task.cancel()
        ended = asyncio.gather(*tasks, return_exceptions=True)
        try:
            await _within(CANCEL_SECONDS, ended)
            await _within(PARTS_SECONDS, self._recorders.leave())
            closing = [one.close() for one in self._feeds.values()]
            ended = asyncio.gather(
                self._publisher.flush(), *closing, return_exceptions=True
            )
            await _within(CLOSE_SECONDS, ended)
        finally:
            await _within(RELEASE_SECONDS, self._leases.release())
            self._ledger.close()


async def _within(seconds: float, work: Awaitable[Any]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work
    except (TimeoutError, LedgerDown, ApplicationError) as error:
        logger.warning("feed: not all could be let go of: %r", error)

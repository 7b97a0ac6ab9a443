"""Writing down a market's book and trades as they come, in parts."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from apps.core.errors import ApplicationError
from apps.market.store.recording_parts import holder_name
from apps.market.store.recordings import (
    BUY,
    CLEAR,
    DEPTH,
    SELL,
    SNAPSHOT,
    TRADE,
    part_write,
    parts_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from uuid import UUID

    from apps.exchanges.books import BookChange
    from apps.exchanges.contracts import Trades
    from apps.market.store.recordings import Row

logger = logging.getLogger(__name__)

PART_SECONDS = 5.0
PART_ROWS = 50_000
# What one recording fails with must end no other: a disk, a value that has no place.
FAILURES = (OSError, pa.ArrowException, ValueError, TypeError, OverflowError)
# Rows that could not be written; beyond that the recording ends.
MOST_WAITING = 2_000_000


class Recorder:
    """One recording that runs.

    Args:
        recording_id: Of its row.
        symbol: The market.

    Attributes:
        written: Rows that are on disk.
        resyncs: How often the book was read anew.
        problem: Why it cannot go on; empty while it can.
    """

    def __init__(self, recording_id: UUID, symbol: str) -> None:
        self.id, self.symbol = recording_id, symbol
        self.written = 0
        self.resyncs = 0
        self.problem = ""
        self._number = 0
        self._holder = ""
        self._begun = False
        self._rows: list[Row] = []
        # What is being written, or could not be: its number is its own.
        self._batch: tuple[int, list[Row]] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._since = time.monotonic()
        # All that a snapshot must clear: the outermost prices that were ever told.
        self._lowest_bid: float | None = None
        self._highest_ask: float | None = None
        self._busy = asyncio.Lock()

    async def open(self) -> None:
        """Go on after the parts that are there.

        Raises:
            StorageUnavailable: The bucket does not answer.
            RecordingUnreadable: One of them is damaged.
            OSError: The disk does not do what it is asked.
        """
        found = await asyncio.to_thread(parts_state, self.id)
        self._holder = holder_name(time.time_ns(), after=found.holder)
        self._number, self.written = found.following, found.rows
        self._lowest_bid, self._highest_ask = found.lowest_bid, found.highest_ask
        # What was written before was ended by a crash: a gap.
        self.resyncs += bool(found.following)

    def change(self, change: BookChange) -> None:
        """Write down a change of the book, from the first whole one on."""
        if not (self._begun or change.whole):
            return
        when, ours = change.venue_ns or 0, change.received_ns
        number = change.sequence or 0
        if change.whole:
            self.resyncs += self._begun
            self._begun = True
            self._clear(when, ours, number)
        kind = SNAPSHOT if change.whole else DEPTH
        for side, levels in ((BUY, change.bids), (SELL, change.asks)):
            self._note(side, levels)
            self._rows.extend(
                (kind | side, when, ours, float(price), float(quantity), number)
                for price, quantity in levels
            )

    def trades(self, trades: Trades, now_ns: int) -> None:
        """Write down trades.

        Args:
            trades: In order.
            now_ns: When they came, where they do not say it themselves.
        """
        if not self._begun:
            return
        received = trades.received
        ours = [now_ns] * len(trades) if received is None else received.tolist()
        for when, price, quantity, buyer, at in zip(
            trades.time.tolist(),
            trades.price.tolist(),
            trades.quantity.tolist(),
            trades.buyer_taker.tolist(),
            ours,
            strict=True,
        ):
            side = BUY if buyer else SELL
            self._rows.append((TRADE | side, when, at, price, quantity, 0))

    def _clear(self, when: int, ours: int, number: int) -> None:
        for side, price in ((BUY, self._lowest_bid), (SELL, self._highest_ask)):
            if price is not None:
                self._rows.append((CLEAR | side, when, ours, price, 0.0, number))

    def _note(self, side: int, levels: Iterable[tuple[Decimal, Decimal]]) -> None:
        prices = [float(price) for price, _ in levels]
        if not prices:
            return
        if side == BUY:
            lowest = self._lowest_bid
            self._lowest_bid = min(prices) if lowest is None else min(*prices, lowest)
        else:
            highest = self._highest_ask
            self._highest_ask = (
                max(prices) if highest is None else max(*prices, highest)
            )

    async def flush(self, *, last: bool = False) -> None:
        """Store a part, when it is time to.

        Whoever waits may be cancelled; what is being written is written to its end, and
        the next flush waits for it. What could not be written is kept and tried again.

        Args:
            last: Whether all is to be stored now.
        """
        async with self._busy:
            if self._writing is not None:
                await asyncio.shield(self._writing)
            waited = time.monotonic() - self._since
            due = last or waited >= PART_SECONDS or len(self._rows) >= PART_ROWS
            if not due or not (self._rows or self._batch):
                return
            self._writing = asyncio.create_task(self._write(last=last))
            await asyncio.shield(self._writing)

    async def _write(self, *, last: bool) -> None:
        """Store what could not be stored before, then what came since."""
        again = self._batch is not None
        stored = await self._store(self._batch or self._take(), last=last)
        if again and stored and self._rows:
            await self._store(self._take(), last=last)

    def _take(self) -> tuple[int, list[Row]]:
        rows, self._rows = self._rows, []
        # By the time of arrival: trades and changes come by different ways.
        rows.sort(key=lambda row: row[2])
        self._batch = (self._number, rows)
        self._number += 1
        return self._batch

    async def _store(self, batch: tuple[int, list[Row]], *, last: bool) -> bool:
        """Store one part and return whether it is stored."""
        number, rows = batch
        write = partial(part_write, self.id, number, rows, holder=self._holder)
        try:
            await asyncio.to_thread(write)
        except ApplicationError as error:
            logger.warning("recording %s: %s", self.id, error.message)
            if last or len(rows) + len(self._rows) > MOST_WAITING:
                self.problem = error.message
            return False
        except FAILURES as error:
            logger.exception("recording %s: a part could not be stored", self.id)
            self.problem = f"A part could not be stored: {error}"
            return False
        self._batch = None
        self.written += len(rows)
        self._since = time.monotonic()
        return True

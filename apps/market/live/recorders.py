"""The recordings that run: begun, written down and ended as their rows say."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.market.errors.live import RecordingUnreadable
from apps.market.live.ledger import LedgerDown
from apps.market.live.recording import Recorder
from apps.market.services.recordings import (
    recording_abandon,
    recording_begin,
    recording_finish,
    recording_note,
)

if TYPE_CHECKING:
    from uuid import UUID

    from apps.market.live.exchange_feed import ExchangeFeed
    from apps.market.live.ledger import Ledger
    from apps.market.selectors.demand import RecordingWanted, Wanted

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0


class Recorders:
    """All recordings of this process.

    Args:
        ledger: The database.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._running: dict[UUID, tuple[Recorder, ExchangeFeed]] = {}
        self._noted: dict[UUID, int] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    async def follow(self, feed: ExchangeFeed, wanted: Wanted) -> None:
        """Begin and end the recordings of one exchange.

        Raises:
            LedgerDown: The database failed; what was begun goes on.
        """
        now = timezone.now()
        asked = {one.id: one for one in wanted.recordings}
        for one in wanted.recordings:
            if one.id not in self._running:
                await self._begin(feed, one)
            if one.id not in self._running:
                continue
            recorder = self._running[one.id][0]
            refused = feed.refused.get(one.symbol)
            if refused is not None:
                recorder.problem = refused[0]
            if recorder.written >= settings.IMPORT_MAX_ROWS:
                recorder.problem = f"It reached {recorder.written:,} rows."
            if one.until <= now or recorder.problem:
                await self._finish(one.id)
        # What is not asked for any more was ended by somebody else.
        for recording_id, (_, of) in list(self._running.items()):
            if of is feed and recording_id not in asked:
                self._let_go(recording_id)

    async def run(self) -> None:
        """Store parts and note how many rows there are, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            running = list(self._running.items())
            await asyncio.gather(*(_flush(recorder) for _, (recorder, _) in running))
            for recording_id, (recorder, _) in running:
                if self._noted.get(recording_id) == recorder.written:
                    continue
                try:
                    await self._ledger.ask(
                        recording_note,
                        recording_id=recording_id,
                        rows=recorder.written,
                        resyncs=recorder.resyncs,
                        now=timezone.now(),
                    )
                    if recording_id in self._running:
                        self._noted[recording_id] = recorder.written
                except LedgerDown:
                    break

    def lapse(self, feed: ExchangeFeed | None = None) -> None:
        """Write nothing down any more; what there is is stored meanwhile.

        Args:
            feed: Of which exchange; None for all.
        """
        for recording_id, (recorder, of) in list(self._running.items()):
            if feed is None or of is feed:
                self._let_go(recording_id)
                task = asyncio.create_task(recorder.flush(last=True))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def leave(self, feed: ExchangeFeed | None = None) -> None:
        """Store what there is and let go; another process may go on.

        Args:
            feed: Of which exchange; None for all.
        """
        self.lapse(feed)
        if self._leaving:
            # Whoever waits may be cancelled; what is left is stored all the same.
            await asyncio.wait(list(self._leaving))

    async def _begin(self, feed: ExchangeFeed, wanted: RecordingWanted) -> None:
        recorder = Recorder(wanted.id, wanted.symbol)
        try:
            await recorder.open()
        except RecordingUnreadable as error:
            await self._ledger.ask(
                recording_abandon,
                recording_id=wanted.id,
                message=error.message,
                now=timezone.now(),
            )
            return
        except (ApplicationError, OSError) as error:
            # The next look tries again.
            logger.warning("recording %s: %s", wanted.id, error)
            return
        if not await self._ledger.ask(
            recording_begin, recording_id=wanted.id, now=timezone.now()
        ):
            return
        self._running[wanted.id] = (recorder, feed)
        feed.inbox.record(recorder)

    async def _finish(self, recording_id: UUID) -> None:
        recorder, feed = self._running[recording_id]
        feed.inbox.record_end(recorder)
        await recorder.flush(last=True)
        await self._ledger.ask(
            recording_finish,
            recording_id=recording_id,
            rows=recorder.written,
            resyncs=recorder.resyncs,
            problem=recorder.problem,
            now=timezone.now(),
        )
        self._let_go(recording_id)

    def _let_go(self, recording_id: UUID) -> None:
        recorder, feed = self._running.pop(recording_id)
        self._noted.pop(recording_id, None)
        feed.inbox.record_end(recorder)


async def _flush(recorder: Recorder) -> None:
    """Flush one; where its disk or bucket hangs, the others do not wait for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FLUSH_SECONDS):
            await recorder.flush()

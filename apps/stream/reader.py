"""One stream as it stands: what it follows, and how far it has been told.

It holds no queue. Of events it knows the number of the last one that was told; of values,
which have changed. Both stay small however slowly the other side reads.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from django.utils import timezone

from apps.stream.errors import HistoryLost, SequenceUnknown
from apps.stream.frames import message_frame
from apps.stream.messages import (
    Goodbye,
    Heartbeat,
    HistoryLostMessage,
    ResetMessage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence
    from uuid import UUID

    from pydantic import BaseModel

    from apps.stream.frames import Frame
    from apps.stream.hub import Hub
    from apps.stream.live import Batch, Key
    from apps.users.standing import Standing

# Values that are written into messages at once, for a stream that is behind.
KEYS_AT_ONCE = 64
ANSWERS_MOST = 64
# More than any event has.
EVERY = 2**63


class Reader:
    """One stream.

    Args:
        hub: Where it listens.
        owner: Whose stream it is.
        standing: By what they were let in; None: the stream ends soon of itself.
        kind: `websocket` or `sse`.
    """

    def __init__(
        self, hub: Hub, owner: UUID, standing: Standing | None, kind: str
    ) -> None:
        self._hub = hub
        self.owner, self.standing, self.kind = owner, standing, kind
        # Events of each topic are told after this number.
        self.since: dict[str, int] = {}
        # All events up to this one have been told; None: no events are followed.
        self.position: int | None = None
        self.latest: frozenset[str] = frozenset()
        # Of these it has been told that nobody holds them fresh.
        self.unheld: frozenset[str] = frozenset()
        self.sending_since: float | None = None
        self._turn = 0
        self._answers: deque[Frame] = deque()
        self._batch: Batch | None = None
        # Ordered, so that each of them gets its turn.
        self._pending: dict[Key, None] = {}
        self._goodbye: Goodbye | None = None
        self._fallen: SequenceUnknown | None = None
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    # --- what it follows

    def events_follow(self, topics: Iterable[str], after: int) -> None:
        """Tell events of some topics after a number, beside those of others."""
        told = self.position
        if told is not None:
            # The way back to `after` must not tell the others again.
            self.since = {topic: max(n, told) for topic, n in self.since.items()}
        self.since |= dict.fromkeys(topics, after)
        self.position = after if told is None else min(told, after)
        self._turn += 1
        self._wake.set()

    def events_unfollow(self, topics: Iterable[str]) -> None:
        """Tell events of some topics no more."""
        for topic in topics:
            self.since.pop(topic, None)
        if not self.since:
            self.position = None
        self._turn += 1

    # --- what is to be told

    def wake(self) -> None:
        """Look whether there is something to tell."""
        self._wake.set()

    def fall(self, last: int) -> None:
        """Know that the numbers of events have fallen: the database is another."""
        if self.position is not None and self.position > last:
            self._fallen = SequenceUnknown(after=self.position, last=last)
            self._wake.set()

    async def answer(self, message: BaseModel) -> None:
        """Tell something to this stream alone; waits for one that does not read."""
        await self._room.wait()
        self._answers.append(message_frame(message))
        if len(self._answers) >= ANSWERS_MOST:
            self._room.clear()
        self._wake.set()

    def note(self, message: BaseModel) -> bool:
        """Tell something to this stream alone; return whether it has room for it."""
        room = len(self._answers) < ANSWERS_MOST
        if room:
            self._answers.append(message_frame(message))
            self._wake.set()
        return room

    def offer(self, batch: Batch) -> None:
        """Take what has just changed, or remember what it was about."""
        if self._batch is None and not self._pending:
            self._batch = batch
        else:
            before = self._batch.keys if self._batch else ()
            self._batch = None
            self._pending |= dict.fromkeys((*before, *batch.keys))
        self._wake.set()

    def remind(self, keys: Iterable[Key]) -> None:
        """Remember values that are to be told."""
        self._pending |= dict.fromkeys(keys)
        self._wake.set()

    def end(self, code: str, detail: str) -> None:
        """End the stream once this is told; the first reason stands."""
        if self._goodbye is None:
            self._goodbye = Goodbye(code=code, detail=detail, sequence=None)
            self._room.set()
            self._wake.set()

    @property
    def ended(self) -> str | None:
        """Return why the stream ends; None: it does not."""
        return None if self._goodbye is None else self._goodbye.code

    # --- telling it

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield what is to be sent, until the stream ends.

        Whoever asks for the next message has sent the last one.
        """
        spoke = time.monotonic()
        while self._goodbye is None:
            self._wake.clear()
            turn = self._turn
            try:
                events, reach = await self._events()
            except (HistoryLost, SequenceUnknown) as error:
                self.end(error.code, error.message)
                yield message_frame(lost_message(error))
                break
            for frame in (*self._answers_take(), *events, *self._latest_take()):
                if frame.sequence is not None:
                    if turn != self._turn:
                        continue  # what is followed has changed meanwhile
                    self.position = frame.sequence
                spoke = self.sending_since = time.monotonic()
                yield frame
                self.sending_since = None
                if self.ended:
                    break
            else:
                if reach is not None:
                    if turn == self._turn:
                        self.position = reach
                    continue
                await self._rest(spoke)
        yield self._last_frame()

    async def _rest(self, spoke: float) -> None:
        """Wait until there is something to tell, if only that the stream lives."""
        left = spoke + self._hub.limits.heartbeat_seconds - time.monotonic()
        if self._pending or self._answers:
            return
        try:
            async with asyncio.timeout(max(0.0, left)):
                await self._wake.wait()
        except TimeoutError:
            beat = Heartbeat(at=timezone.now(), sequence=self.position)
            self._answers.append(message_frame(beat))

    async def _events(self) -> tuple[list[Frame], int | None]:
        """Return some events to be told, and how far that is; None: there are none."""
        if self._fallen is not None:
            raise self._fallen
        if self.position is None:
            return [], None
        told = await self._hub.events_after(self, self.position)
        frames = [
            one.frame for one in told if one.sequence > self.since.get(one.topic, EVERY)
        ]
        return frames, told[-1].sequence if told else None

    def _answers_take(self) -> list[Frame]:
        answers = list(self._answers)
        self._answers.clear()
        self._room.set()
        return answers

    def _latest_take(self) -> Sequence[Frame]:
        if (batch := self._batch) is not None:
            self._batch = None
            return batch.frames
        taken = list(islice(self._pending, KEYS_AT_ONCE))
        for key in taken:
            del self._pending[key]
        return self._hub.live.frames(taken) if taken else ()

    def _last_frame(self) -> Frame:
        assert self._goodbye is not None
        return message_frame(
            self._goodbye.model_copy(update={"sequence": self.position})
        )


def lost_message(
    error: HistoryLost | SequenceUnknown,
) -> HistoryLostMessage | ResetMessage:
    """Return the message that says why a stream cannot go on from a number."""
    if isinstance(error, HistoryLost):
        return HistoryLostMessage(
            after=error.after,
            oldest=error.oldest,
            last=error.last,
            detail=error.message,
        )
    return ResetMessage(after=error.after, last=error.last, detail=error.message)

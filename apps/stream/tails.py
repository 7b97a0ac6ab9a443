"""The last events of each user who listens, read once for all of their streams.

A stream holds no events, only the number of the last one that it has told. What it is to
tell next is in its user's tail, or, where it has fallen behind that, in the database.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from django.utils import timezone

from apps.core.outbox.reading import Head, events_read, heads_read
from apps.stream import metrics
from apps.stream.errors import HistoryLost, SequenceUnknown
from apps.stream.frames import event_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from apps.core.outbox.reading import Event
    from apps.stream.frames import Frame

# What is read at once, for one user and for one stream.
BATCH = 64
TAIL_EVENTS, TAIL_BYTES = 512, 512 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """An event, ready to be sent to those who follow its topic."""

    sequence: int
    topic: str
    frame: Frame


@dataclass(slots=True)
class Tail:
    """A user's last events.

    Attributes:
        last: The newest event that was read, or the head where none was.
        head: As the database had it when it was last asked.
        streams: How many streams listen.
    """

    last: int
    head: Head
    streams: int = 0
    told: deque[Told] = field(default_factory=deque)
    size: int = 0

    def add(self, events: Iterable[Told]) -> None:
        """Take over events that follow the last one."""
        for one in events:
            self.told.append(one)
            self.last = one.sequence
            self.size += len(one.frame.text)
        while self.size > TAIL_BYTES or len(self.told) > TAIL_EVENTS:
            self.size -= len(self.told.popleft().frame.text)

    def restart(self, head: Head) -> None:
        """Forget all, and begin at a head."""
        self.head, self.last = head, head.last
        self.told.clear()
        self.size = 0

    def after(self, sequence: int, most: int) -> list[Told] | None:
        """Return events after a number; None: some are not here any more."""
        if sequence >= self.last:
            return []
        if not self.told or sequence + 1 < self.told[0].sequence:
            return None
        begin = sequence + 1 - self.told[0].sequence
        return bounded(islice(self.told, begin, begin + BATCH), most)


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a user before a look: the last event, and the highest number."""

    last: int
    highest: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has found."""

    known: Known
    head: Head
    events: list[Told]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a look.

    Attributes:
        more: Whether there may be more at once.
        fallen: By user, the newest number where it is lower than it was.
    """

    more: bool
    fallen: dict[UUID, int]


class Tails:
    """The tails of all users who listen in this process."""

    def __init__(self) -> None:
        self._tails: dict[UUID, Tail] = {}

    def hold(self, owner: UUID, head: Head) -> None:
        """Keep a user's events from here on, for one more stream.

        Args:
            owner: The user.
            head: As the database has it now.
        """
        tail = self._tails.setdefault(owner, Tail(head.last, head))
        tail.streams += 1
        # A look that is under way may know less.
        tail.head = max(tail.head, head, key=lambda one: one.last)

    def release(self, owner: UUID) -> None:
        """Let go of them, when that was the last stream."""
        tail = self._tails[owner]
        tail.streams -= 1
        if not tail.streams:
            del self._tails[owner]

    def after(self, owner: UUID, sequence: int, most: int) -> list[Told] | None:
        """Return what a stream is to tell next; None: it has to be read.

        Args:
            owner: Whose stream it is.
            sequence: The last number that it has told.
            most: Bytes, beyond which there is one event at most.
        """
        return self._tails[owner].after(sequence, most)

    def known(self) -> dict[UUID, Known]:
        """Return what is known of each user who listens, to look for more."""
        return {
            owner: Known(tail.last, max(tail.last, tail.head.last))
            for owner, tail in self._tails.items()
        }

    def take(self, found: Mapping[UUID, Found]) -> Taken:
        """Take over what a look has found."""
        more, fallen = False, {}
        for owner, one in found.items():
            tail = self._tails.get(owner)
            if tail is None or tail.last != one.known.last:
                continue  # all had left, and one came back
            if one.head.last < one.known.highest:
                # Numbers never fall: these are other data.
                tail.restart(one.head)
                fallen[owner] = one.head.last
                continue
            tail.head = max(tail.head, one.head, key=lambda head: head.last)
            if one.events and one.events[0].sequence != tail.last + 1:
                # Deleted before it was read here: each stream finds out for itself.
                tail.restart(tail.head)
            tail.add(one.events)
            more = more or len(one.events) == BATCH
        return Taken(more, fallen)


def tails_look(known: Mapping[UUID, Known]) -> dict[UUID, Found]:
    """Ask how far users have come, and read what is new; in a thread."""
    heads = heads_read(known)
    now = timezone.now()
    found: dict[UUID, Found] = {}
    for owner, before in known.items():
        head = heads.get(owner, Head())
        events: list[Event] = []
        if head.last > before.last:
            events = events_read(owner, after=before.last, limit=BATCH)
        for event in events:
            metrics.event_lag.observe((now - event.at).total_seconds())
        found[owner] = Found(before, head, told(events))
    return found


def read_after(owner: UUID, sequence: int, most: int) -> list[Told]:
    """Return what a stream is to tell next, from the database; in a thread.

    Args:
        owner: Whose stream it is.
        sequence: The last number that it has told.
        most: Bytes, beyond which there is one event at most.

    Raises:
        HistoryLost: What comes next has been deleted.
        SequenceUnknown: The database was replaced by another.
    """
    # A second time, for what is recorded between the two questions.
    for _ in range(2):
        events = told(events_read(owner, after=sequence, limit=BATCH))
        if events and events[0].sequence == sequence + 1:
            return bounded(events, most)
        head = heads_read((owner,)).get(owner, Head())
        sequence_check(sequence, head)
        if head.last == sequence:
            return []
    oldest = events[0].sequence if events else head.last + 1
    raise HistoryLost(after=sequence, oldest=oldest, last=head.last)


def sequence_check(sequence: int, head: Head) -> None:
    """See that a reader who has seen all up to a number can go on from there.

    Raises:
        HistoryLost: What comes next has been deleted.
        SequenceUnknown: It is beyond the newest.
    """
    if sequence < head.pruned:
        raise HistoryLost(after=sequence, oldest=head.pruned + 1, last=head.last)
    if sequence > head.last:
        raise SequenceUnknown(after=sequence, last=head.last)


def told(events: Iterable[Event]) -> list[Told]:
    """Return events ready to be sent, up to where a number is missing."""
    found: list[Told] = []
    for one in events:
        if found and one.sequence != found[-1].sequence + 1:
            break
        found.append(Told(one.sequence, one.topic, event_frame(one)))
    return found


def bounded(events: Iterable[Told], most: int) -> list[Told]:
    """Return the first events, no more than `most` bytes beside the first."""
    kept: list[Told] = []
    size = 0
    for one in events:
        size += len(one.frame.text)
        if kept and size > most:
            break
        kept.append(one)
    return kept

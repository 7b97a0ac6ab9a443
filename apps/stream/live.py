"""The latest values that the streams of this process follow.

One copy of each channel for all streams. What changes is told at most twenty times a second:
streams that follow the same topics share the message, and one that has not read the last
one yet only remembers which topics have changed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from apps.stream.errors import LiveUnavailable
from apps.stream.frames import latest_frames, latest_item
from apps.stream.latest import topic_split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from apps.stream.frames import Frame
    from apps.stream.latest import LatestStore

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.05
# What was missed while the store was out of reach is found after so long.
READ_SECONDS = 5.0
ALL = "*"

type Key = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Messages about what has just changed, shared by streams of the same topics."""

    keys: frozenset[Key]
    frames: tuple[Frame, ...]


class Listener(Protocol):
    """A stream, as it is told of changes."""

    def offer(self, batch: Batch) -> None:
        """Take a message, or remember what it was about."""

    def remind(self, keys: Iterable[Key]) -> None:
        """Remember what there is to be told."""


@dataclass(slots=True)
class Channel:
    """What is known of one channel.

    Attributes:
        values: The body by symbol.
        items: The body as it stands in a message, where that was written already.
        touched: Symbols that changed since a reading of the whole began.
        streams: How many groups of streams follow it.
    """

    values: dict[str, bytes] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    streams: int = 0


@dataclass(slots=True)
class Group:
    """Streams that follow the same topics.

    Attributes:
        wanted: Symbols by channel; None: every one.
    """

    wanted: dict[str, set[str] | None]
    listeners: set[Listener] = field(default_factory=set)


class Live:
    """Follows channels for the streams of one loop.

    Args:
        store: Where the values are.
        executor: Reads from it.
        most: The longest message, in bytes, where it has more than one value.
    """

    def __init__(self, store: LatestStore, executor: Executor, most: int) -> None:
        self._store, self._executor, self._most = store, executor, most
        self._follower = store.follower(self._changed)
        self._channels: dict[str, Channel] = {}
        self._groups: dict[frozenset[str], Group] = {}
        self._dirty: dict[str, set[str]] = {}
        self._wake = asyncio.Event()
        self._unread: set[str] = set()

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follower.run())
            tasks.create_task(self._flush_often())
            tasks.create_task(self._read_often())

    # --- who follows what

    def move(
        self, listener: Listener, before: frozenset[str], after: frozenset[str]
    ) -> None:
        """Have a stream follow other topics than before.

        Args:
            listener: The stream.
            before: The topics that it has followed.
            after: Those that it follows from here on.
        """
        if after == before:
            return
        if after:
            group = self._groups.get(after)
            if group is None:
                group = self._groups[after] = Group(_wanted(after))
                for channel in group.wanted:
                    self._hold(channel)
            group.listeners.add(listener)
            listener.remind(self._keys(_wanted(after - before)))
        if before:
            group = self._groups[before]
            group.listeners.discard(listener)
            if not group.listeners:
                del self._groups[before]
                for channel in group.wanted:
                    self._release(channel)

    def followed(self) -> dict[str, set[str]]:
        """Return which symbols are followed, by channel; not those followed by `*`."""
        found: dict[str, set[str]] = {}
        for group in self._groups.values():
            for channel, symbols in group.wanted.items():
                found.setdefault(channel, set()).update(symbols or ())
        return found

    def frames(self, keys: Iterable[Key]) -> list[Frame]:
        """Return messages with the newest values; what is no longer there is left out."""
        items = (self._item(*key) for key in keys)
        return list(latest_frames(filter(None, items), self._most))

    # --- what changes

    def _changed(self, channel: str, values: Mapping[str, bytes]) -> None:
        known = self._channels.get(channel)
        if known is None:
            return
        known.touched.update(values)
        # It may be heard of twice: when it is told, and when the whole is read.
        fresh = {
            symbol: body
            for symbol, body in values.items()
            if known.values.get(symbol) != body
        }
        known.values.update(fresh)
        for symbol in fresh:
            known.items.pop(symbol, None)
        if fresh:
            self._dirty.setdefault(channel, set()).update(fresh)
            self._wake.set()

    async def _flush_often(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self.flush()
            await asyncio.sleep(FLUSH_SECONDS)

    def flush(self) -> None:
        """Tell every stream what has changed since the last time."""
        dirty, self._dirty = self._dirty, {}
        for group in self._groups.values():
            keys = frozenset(_concerned(group, dirty))
            if not keys:
                continue
            batch = Batch(keys, tuple(self.frames(sorted(keys))))
            for listener in group.listeners:
                listener.offer(batch)

    def _item(self, channel: str, symbol: str) -> str | None:
        known = self._channels.get(channel)
        if known is None or symbol not in known.values:
            return None
        item = known.items.get(symbol)
        if item is None:
            item = latest_item(f"{channel}:{symbol}", known.values[symbol])
            known.items[symbol] = item
        return item

    def _keys(self, wanted: Mapping[str, set[str] | None]) -> Iterable[Key]:
        for channel, symbols in wanted.items():
            known = self._channels[channel].values
            for symbol in known if symbols is None else symbols & known.keys():
                yield channel, symbol

    # --- channels

    def _hold(self, channel: str) -> None:
        known = self._channels.get(channel)
        if known is None:
            known = self._channels[channel] = Channel()
            self._unread.add(channel)
            self._follower.follow(channel)
        known.streams += 1

    def _release(self, channel: str) -> None:
        known = self._channels[channel]
        known.streams -= 1
        if not known.streams:
            del self._channels[channel]
            self._unread.discard(channel)
            self._follower.unfollow(channel)

    async def _read_often(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if loop.time() >= due:
                self._unread.update(self._channels)
                due = loop.time() + READ_SECONDS
            while self._unread:
                await self._read(self._unread.pop())
            await asyncio.sleep(FLUSH_SECONDS / 2)

    async def _read(self, channel: str) -> None:
        known = self._channels.get(channel)
        if known is None:
            return
        known.touched.clear()
        read: Callable[[str], dict[str, bytes]] = self._store.read_channel
        loop = asyncio.get_running_loop()
        try:
            values = await loop.run_in_executor(self._executor, read, channel)
        except LiveUnavailable as error:
            # Its age tells a reader what a value is worth meanwhile.
            logger.debug("live: %s is not read: %s", channel, error)
            return
        # What came while it was read is newer.
        others = values.keys() - known.touched
        if others and self._channels.get(channel) is known:
            self._changed(channel, {symbol: values[symbol] for symbol in others})


def _wanted(topics: Iterable[str]) -> dict[str, set[str] | None]:
    wanted: dict[str, set[str] | None] = {}
    for topic in topics:
        channel, symbol = topic_split(topic)
        if symbol == ALL:
            wanted[channel] = None
        elif (symbols := wanted.setdefault(channel, set())) is not None:
            symbols.add(symbol)
    return wanted


def _concerned(group: Group, dirty: Mapping[str, set[str]]) -> Iterable[Key]:
    for channel, changed in dirty.items():
        if channel not in group.wanted:
            continue
        symbols = group.wanted[channel]
        for symbol in changed if symbols is None else changed & symbols:
            yield channel, symbol

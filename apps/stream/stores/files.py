"""The latest in files, one for each channel, replaced at each write.

A file begins with a line of JSON: each symbol and the length of its body, in order; then
come the bodies, one after the other. A reader meets the old file or the new one, whole.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from apps.stream.errors import LiveUnavailable
from apps.stream.latest import topic_split
from apps.stream.stores.unwritten import Unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from apps.stream.latest import OnChange

    # When it was written, its number on the disk, its size.
    type Stamp = tuple[int, int, int]

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1


class FileLatest:
    """Keeps bodies in a folder.

    Args:
        folder: Where the files are; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unwritten = Unwritten()
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Stamp, dict[str, bytes]]] = {}
        self._failing = False

    async def write(self, channel: str, values: Mapping[str, bytes]) -> None:
        """Take over the latest of some symbols."""
        batch = self._unwritten.take(channel, values)
        if not batch:
            return
        try:
            await asyncio.to_thread(self._write, channel, batch)
        except OSError as error:
            if not self._failing:
                logger.warning("live: %s cannot be written: %s", channel, error)
            self._failing = True
            self._unwritten.put_back(channel, batch)
        except BaseException:
            self._unwritten.put_back(channel, batch)
            raise
        else:
            self._failing = False

    def read(self, topics: Sequence[str]) -> dict[str, bytes]:
        """Return the bodies of the topics that are there."""
        found: dict[str, bytes] = {}
        split = sorted((*topic_split(topic), topic) for topic in topics)
        for channel, group in groupby(split, key=lambda one: one[0]):
            bodies = self.read_channel(channel)
            for _, symbol, topic in group:
                if symbol in bodies:
                    found[topic] = bodies[symbol]
        return found

    def read_channel(self, channel: str) -> dict[str, bytes]:
        """Return every body of a channel, by symbol."""
        try:
            found = self.look(channel, None)
        except OSError as error:
            msg = "The latest prices cannot be read at the moment; try again."
            raise LiveUnavailable(msg) from error
        return found[1] if found else {}

    def forget(self, channel: str) -> None:
        """Throw away what a channel holds."""
        with self._lock:
            self._path(channel).unlink(missing_ok=True)
            self._known.pop(channel, None)

    def follower(self, on_change: OnChange) -> FileFollower:
        """Return what tells of changes."""
        return FileFollower(self, on_change)

    def look(
        self, channel: str, seen: Stamp | None
    ) -> tuple[Stamp, dict[str, bytes]] | None:
        """Return a channel's bodies; None: there are none, or they are as seen.

        Raises:
            OSError: The disk does not answer.
        """
        try:
            with self._path(channel).open("rb") as file:
                stamp = _stamp(os.fstat(file.fileno()))
                return None if stamp == seen else (stamp, _unpack(file.read()))
        except FileNotFoundError:
            return None

    def _write(self, channel: str, values: Mapping[str, bytes]) -> None:
        with self._lock:
            seen, bodies = self._known.get(channel, (None, {}))
            # Another process may have written since.
            other = self.look(channel, seen)
            bodies = (other[1] if other else bodies) | dict(values)
            path = self._path(channel)
            self._folder.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(f".{os.getpid()}.new")
            new.write_bytes(_pack(bodies))
            stamp = _stamp(new.stat())
            new.replace(path)
            self._known[channel] = (stamp, bodies)

    def _path(self, channel: str) -> Path:
        return self._folder / f"{quote(channel, safe='')}.live"


class FileFollower:
    """Looks at the files of some channels, again and again.

    Args:
        store: Where the files are.
        on_change: Called with a channel and what was written.
    """

    def __init__(self, store: FileLatest, on_change: OnChange) -> None:
        self._store = store
        self._on_change = on_change
        self._seen: dict[str, tuple[Stamp | None, dict[str, bytes]]] = {}

    def follow(self, channel: str) -> None:
        """Begin to tell of a channel."""
        self._seen.setdefault(channel, (None, {}))

    def unfollow(self, channel: str) -> None:
        """Tell of it no more."""
        self._seen.pop(channel, None)

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            if self._seen:
                for channel, changed in await asyncio.to_thread(self._look):
                    if channel in self._seen:
                        self._on_change(channel, changed)
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self) -> list[tuple[str, dict[str, bytes]]]:
        changes = []
        for channel, (stamp, before) in list(self._seen.items()):
            try:
                found = self._store.look(channel, stamp)
            except OSError as error:
                logger.warning("live: %s cannot be read: %s", channel, error)
                continue
            if found is None:
                continue
            changed = {
                symbol: body
                for symbol, body in found[1].items()
                if before.get(symbol) != body
            }
            if channel in self._seen:
                self._seen[channel] = found
            changes.append((channel, changed))
        return changes


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_ino, status.st_size


def _pack(bodies: Mapping[str, bytes]) -> bytes:
    index = json.dumps([(symbol, len(body)) for symbol, body in bodies.items()])
    return b"".join((index.encode(), b"\n", *bodies.values()))


def _unpack(content: bytes) -> dict[str, bytes]:
    line, _, rest = content.partition(b"\n")
    bodies, at = {}, 0
    for symbol, length in json.loads(line):
        bodies[symbol] = rest[at : at + length]
        at += length
    return bodies

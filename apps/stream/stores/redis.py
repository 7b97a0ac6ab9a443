"""The latest in Redis: a hash for each channel, and a message for each write."""

from __future__ import annotations

import asyncio
import logging
from itertools import groupby
from typing import TYPE_CHECKING, Any

from channels.layers import get_channel_layer
from django.core.cache import caches
from redis.exceptions import RedisError

from apps.stream.errors import LiveUnavailable
from apps.stream.latest import topic_split
from apps.stream.stores.unwritten import Unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.stream.latest import OnChange

logger = logging.getLogger(__name__)

KEY = "parallax:live:{}"
# A message is worth less than the loop that sends it.
PUBLISH_SECONDS = 1.0
PAUSE_SECONDS = 2.0
MESSAGE_TYPE = "live.changed"
# Fields of several hashes: how many of each, and which.
_HASHES = """
local told, at = {}, 1
for place, key in ipairs(KEYS) do
    local last = at + tonumber(ARGV[at])
    told[place] = redis.call('HMGET', key, unpack(ARGV, at + 1, last))
    at = last + 1
end
return told
"""


class RedisLatest:
    """Keeps bodies in the Redis of the cache; tells of them by the channel layer."""

    def __init__(self) -> None:
        self._unwritten = Unwritten()
        self._published_again_at = 0.0

    async def write(self, channel: str, values: Mapping[str, bytes]) -> None:
        """Take over the latest of some symbols, and tell the readers of the channel."""
        batch = self._unwritten.take(channel, values)
        if not batch:
            return
        try:
            # In a thread: the one client that knows when Redis is out of reach waits.
            await asyncio.to_thread(_hash_write, channel, batch)
        except RedisError as error:
            logger.debug("live: %s is not written: %s", channel, error)
            self._unwritten.put_back(channel, batch)
            return
        except BaseException:
            self._unwritten.put_back(channel, batch)
            raise
        await self._publish(channel, batch)

    def read(self, topics: Sequence[str]) -> dict[str, bytes]:
        """Return the bodies of the topics that are there."""
        found: dict[str, bytes] = {}
        split = sorted((*topic_split(topic), topic) for topic in topics)
        groups = [
            (channel, [(symbol, topic) for _, symbol, topic in group])
            for channel, group in groupby(split, key=lambda one: one[0])
        ]
        if not groups:
            return found
        with _Outage():
            told = _hashes_read(
                [(channel, [one for one, _ in group]) for channel, group in groups]
            )
        for (_, group), bodies in zip(groups, told, strict=True):
            found |= {
                topic: body
                for (_, topic), body in zip(group, bodies, strict=True)
                if body is not None
            }
        return found

    def read_channel(self, channel: str) -> dict[str, bytes]:
        """Return every body of a channel, by symbol."""
        with _Outage():
            found = _client().hgetall(KEY.format(channel))
        return {symbol.decode(): body for symbol, body in found.items()}

    def forget(self, channel: str) -> None:
        """Throw away what a channel holds."""
        with _Outage():
            _client().delete(KEY.format(channel))

    def follower(self, on_change: OnChange) -> RedisFollower:
        """Return what tells of changes."""
        return RedisFollower(on_change)

    async def _publish(self, channel: str, values: Mapping[str, bytes]) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._published_again_at:
            return
        message = {"type": MESSAGE_TYPE, "channel": channel, "values": dict(values)}
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await _layer().group_send(_group(channel), message)
        except (RedisError, OSError, TimeoutError) as error:
            # Readers find it in the hash.
            logger.warning("live: nobody is told of %s: %s", channel, error)
            self._published_again_at = loop.time() + PAUSE_SECONDS


class RedisFollower:
    """Hears what is told to the groups of some channels.

    Args:
        on_change: Called with a channel and what was written.
    """

    def __init__(self, on_change: OnChange) -> None:
        self._on_change = on_change
        self._name: str | None = None
        self._followed: set[str] = set()
        self._added: set[str] = set()
        self._changed = asyncio.Event()

    def follow(self, channel: str) -> None:
        """Begin to tell of a channel."""
        self._followed.add(channel)
        self._changed.set()

    def unfollow(self, channel: str) -> None:
        """Tell of it no more."""
        self._followed.discard(channel)
        self._changed.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        joining = asyncio.create_task(self._join())
        try:
            await self._hear()
        finally:
            joining.cancel()
            await asyncio.gather(joining, return_exceptions=True)

    async def _join(self) -> None:
        """Keep the groups that are heard equal to the channels that are followed."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await self._regroup()
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("live: some channels are not heard yet: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            await self._changed.wait()

    async def _regroup(self) -> None:
        if self._name is None:
            return
        for channel in self._followed - self._added:
            await _layer().group_add(_group(channel), self._name)
            self._added.add(channel)
        for channel in self._added - self._followed:
            self._added.discard(channel)
            await _layer().group_discard(_group(channel), self._name)

    async def _hear(self) -> None:
        while self._name is None:
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    self._name = await _layer().new_channel("live.")
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("live: nothing is heard yet: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)
        self._changed.set()
        while True:
            message = await _layer().receive(self._name)
            if message["channel"] in self._followed:
                self._on_change(message["channel"], message["values"])


class _Outage:
    """Says that the store is out of reach, where Redis does not answer."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RedisError):
            msg = "The latest prices cannot be read at the moment; try again."
            raise LiveUnavailable(msg) from error


def _client() -> Any:
    # The cache's own: one of `apps.core.redis`.
    return caches["default"].client.get_client()  # type: ignore[attr-defined]


def _layer() -> Any:
    return get_channel_layer()


def _hashes_read(asked: Sequence[tuple[str, list[str]]]) -> list[list[bytes | None]]:
    """Return some fields of the hashes of some channels, in one round trip."""
    if len(asked) == 1:
        ((channel, symbols),) = asked
        return [_client().hmget(KEY.format(channel), symbols)]
    keys = [KEY.format(channel) for channel, _ in asked]
    fields = [text for _, symbols in asked for text in (len(symbols), *symbols)]
    told: list[list[bytes | None]] = _client().eval(_HASHES, len(keys), *keys, *fields)
    return told


def _hash_write(channel: str, values: Mapping[str, bytes]) -> None:
    _client().hset(KEY.format(channel), mapping=dict(values))


def _group(channel: str) -> str:
    return "live." + channel.replace(":", ".")

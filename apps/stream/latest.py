"""The latest of what is held fresh, shared by the processes of an installation.

One process holds prices fresh and writes them here; every other reads them. In Redis where
there is one, else in files of the data directory's cache: both serve several processes.
A topic is `<kind>:<exchange>:<symbol>`, such as `tickers:binance:BTC/USDT`; its channel is
what comes before the symbol. A body is a JSON object, written once and sent as it is.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    type OnChange = Callable[[str, Mapping[str, bytes]], None]


class LatestStore(Protocol):
    """Where the latest is."""

    async def write(self, channel: str, values: Mapping[str, bytes]) -> None:
        """Take over the latest of some symbols, and tell the readers of the channel.

        Never fails and never waits for long: what could not be written is written with
        the next call, unless something newer has come.

        Args:
            channel: Such as `tickers:binance`.
            values: The body by symbol.
        """
        ...

    def read(self, topics: Sequence[str]) -> dict[str, bytes]:
        """Return the bodies of the topics that are there.

        Raises:
            Unavailable: The store is out of reach.
        """
        ...

    def read_channel(self, channel: str) -> dict[str, bytes]:
        """Return every body of a channel, by symbol.

        Raises:
            Unavailable: The store is out of reach.
        """
        ...

    def follower(self, on_change: OnChange) -> LatestFollower:
        """Return what tells of changes.

        Args:
            on_change: Called in the follower's loop with a channel and what was written.
        """
        ...

    def forget(self, channel: str) -> None:
        """Throw away what a channel holds.

        Raises:
            Unavailable: The store is out of reach.
        """
        ...


class LatestFollower(Protocol):
    """Tells of changes to channels, in one event loop.

    It may miss some while the store is out of reach: who follows reads the channel anew
    now and then.
    """

    def follow(self, channel: str) -> None:
        """Begin to tell of a channel."""
        ...

    def unfollow(self, channel: str) -> None:
        """Tell of it no more."""
        ...

    async def run(self) -> None:
        """Tell until cancelled."""
        ...


def latest_store() -> LatestStore:
    """Return the installation's store; one in each process."""
    return _store(settings.LIVE_REDIS, str(settings.CACHE_DIR))


def topic_split(topic: str) -> tuple[str, str]:
    """Return the channel and the symbol of a topic.

    A symbol may hold colons itself: `tickers:binance:BTC/USDT:USDT`.
    """
    kind, _, rest = topic.partition(":")
    name, _, symbol = rest.partition(":")
    return f"{kind}:{name}", symbol


@cache
def _store(redis: bool, folder: str) -> LatestStore:  # noqa: FBT001
    # Only what is used is imported.
    if redis:
        from apps.stream.stores.redis import RedisLatest  # noqa: PLC0415

        return RedisLatest()
    from pathlib import Path  # noqa: PLC0415

    from apps.stream.stores.files import FileLatest  # noqa: PLC0415

    return FileLatest(Path(folder) / "live")

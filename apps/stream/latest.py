"""The latest of what is held fresh, shared by the processes of an installation.

One process holds prices fresh and writes them here; every other reads them. In Redis where
there is one, else in files of the data directory's cache: both serve several processes.
A topic is `<kind>:<exchange>:<symbol>`, such as `tickers:binance:BTC/USDT`; its channel is
what comes before the symbol. A body is a JSON object, written once and sent as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class LatestStore(Protocol):
    """Where the latest is."""

    async def write(self, channel: str, values: Mapping[str, bytes]) -> None:
        """Take over the latest of some symbols, and tell the readers of the channel.

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

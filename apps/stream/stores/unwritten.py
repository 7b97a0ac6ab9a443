"""What could not be written yet: the newest of each symbol, and nothing older."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Unwritten:
    """Bodies by channel and symbol; no larger than the channels themselves."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, bytes]] = {}

    def take(self, channel: str, values: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return what is to be written now: what was left over, and on it the new."""
        return self._values.pop(channel, {}) | dict(values)

    def put_back(self, channel: str, values: Mapping[str, bytes]) -> None:
        """Keep what could not be written; what came meanwhile is newer."""
        self._values[channel] = dict(values) | self._values.get(channel, {})

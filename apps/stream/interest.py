"""Telling the rooms above what is followed, so that it is held fresh."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from django.db import DataError
from django.utils.module_loading import import_string

from apps.core.outbox.topics import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Interest(Protocol):
    """What a room does about it."""

    def __call__(
        self, *, channel: str, symbols: list[str], now: datetime
    ) -> Mapping[str, Refusal]:
        """Take notice that symbols of a channel are followed, for a minute or so.

        Args:
            channel: Such as `tickers:binance`.
            symbols: Which ones, sorted.
            now: UTC.

        Returns:
            By symbol, why it cannot be held fresh.
        """
        ...


logger = logging.getLogger(__name__)

UNTELLABLE = Refusal(
    "topic_malformed", "One of the symbols that are followed there cannot be stored."
)
_interests: dict[str, str] = {}


def interest_register(room: str, function: str) -> None:
    """Have a room told every half minute; call it in `AppConfig.ready`.

    Args:
        room: The room.
        function: The dotted path of an `Interest`.
    """
    _interests[room] = function


def interest_tell(
    followed: Mapping[str, set[str]], *, now: datetime
) -> dict[str, dict[str, Refusal]]:
    """Tell every room what is followed.

    Returns:
        By channel and symbol, why it cannot be held fresh.

    Raises:
        DatabaseError: A room could not write it down; nothing is lost, it is told again.
    """
    refused: dict[str, dict[str, Refusal]] = {}
    for function in _interests.values():
        tell: Interest = import_string(function)
        for channel, symbols in followed.items():
            if not symbols:
                continue
            try:
                found = tell(channel=channel, symbols=sorted(symbols), now=now)
            except (DataError, ValueError) as error:
                # Of this channel alone, and also when it is told again.
                logger.warning("streams: %s is not written down: %s", channel, error)
                found = dict.fromkeys(symbols, UNTELLABLE)
            if found:
                refused.setdefault(channel, {}).update(found)
    return refused

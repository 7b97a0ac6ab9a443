"""Where the paper venue's prices come from, as the venue sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.exchanges.adapters.paper.contracts import Quote, Seen


@dataclass(frozen=True, slots=True)
class Priced:
    """A market's price now.

    Attributes:
        quote: It; None where there is none that may be traded on.
        why: Why there is none, for a person.
    """

    quote: Quote | None
    why: str


class PriceSource(Protocol):
    """Tells what was seen of markets, and never what was not there yet."""

    def quote(self, symbol: str, now: datetime) -> Priced:
        """Return a market's price now, if it may be traded on."""
        ...

    def since(self, symbol: str, after: datetime, now: datetime) -> Sequence[Seen]:
        """Return what was seen of a market after a moment, oldest first."""
        ...

"""What can go wrong with an exchange, by what to do next."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from apps.core.errors import Invalid, NotFound, Unprocessable

if TYPE_CHECKING:
    from collections.abc import Iterable


class SymbolUnknown(NotFound):
    """The venue has no market of this name; another symbol is needed."""

    code = "symbol_unknown"

    @classmethod
    def among(cls, symbol: str, known: Iterable[str], *, venue: str) -> SymbolUnknown:
        """Say which symbol is unknown and offer near ones.

        Args:
            symbol: What was asked for.
            known: The symbols of the venue.
            venue: The id of the venue.
        """
        names = {name.upper(): name for name in sorted(known)}
        near = get_close_matches(symbol.upper(), names, n=3, cutoff=0.5)
        offer = f"did you mean {' or '.join(names[n] for n in near)}? " if near else ""
        return cls(
            f"venue {venue} has no market {symbol!r}; {offer}"
            f"its markets are {', '.join(names.values())}",
            attr="symbol",
        )


class TimeframeUnsupported(Unprocessable):
    """The venue has no candles of this length; another timeframe is needed."""

    code = "timeframe_unsupported"


class CandleRangeInvalid(Invalid):
    """No candles can be in this range; the call has to change."""

    code = "candle_range_invalid"


class VenueMisconfigured(Unprocessable):
    """The venue's own settings are wrong; whoever runs the service has to act."""

    code = "venue_misconfigured"

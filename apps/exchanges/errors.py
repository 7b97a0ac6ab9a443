"""What can go wrong with an exchange, by what to do next."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from apps.core.errors import (
    BadUpstream,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    Unavailable,
    Unprocessable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# A venue of thousands of markets is not read out.
_MOST_NAMED = 40


class SymbolUnknown(NotFound):
    """The venue has no market of this name; another symbol is needed.

    Attributes:
        symbol: The one that was asked for, where that is known.
    """

    code = "symbol_unknown"
    symbol: str | None = None

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
        told = [f"venue {venue} has no market {symbol[:40]!r}"]
        if near:
            told.append(f"did you mean {' or '.join(names[n] for n in near)}?")
        if len(names) <= _MOST_NAMED:
            told.append(f"its markets are {', '.join(names.values())}")
        error = cls("; ".join(told).replace("?; ", "? "), attr="symbol")
        error.symbol = symbol
        return error


class TimeframeUnsupported(Unprocessable):
    """The venue has no candles of this length; another timeframe is needed."""

    code = "timeframe_unsupported"


class CandleRangeInvalid(Invalid):
    """No candles can be in this range; the call has to change."""

    code = "candle_range_invalid"


class VenueMisconfigured(Unprocessable):
    """The venue's own settings are wrong; whoever runs the service has to act."""

    code = "venue_misconfigured"


class ExchangeUnknown(NotFound):
    """There is no exchange of this name; another id is needed."""

    code = "exchange_unknown"

    @classmethod
    def among(cls, exchange: str, known: Iterable[str]) -> ExchangeUnknown:
        """Say which exchange is unknown and offer near ones.

        Args:
            exchange: What was asked for.
            known: The ids that there are.
        """
        near = get_close_matches(exchange.lower(), sorted(known), n=3, cutoff=0.5)
        offer = f" Did you mean {' or '.join(near)}?" if near else ""
        return cls(
            f"There is no exchange {exchange[:40]!r}.{offer} GET /api/v1/exchanges/ "
            "lists them.",
            attr="exchange",
        )


# --- by what to do next: each error of an adapter is one of these


class ExchangeUnavailable(Unavailable):
    """The exchange does not answer, or is being mended; the same call may succeed.

    Attributes:
        retry_after: Seconds until a call is let through again, while the circuit is
            open; None where the call itself failed.
    """

    code = "exchange_unavailable"
    retry_after: float | None = None


class ExchangeRateLimited(RateLimited):
    """The exchange wants fewer calls, or has banned this address for a while.

    Attributes:
        retry_after: Seconds until a call may be sent again; None where not told.
    """

    code = "exchange_rate_limited"
    retry_after: float | None = None


class ExchangeRejected(Unprocessable):
    """The exchange understood the call and refused it; another call is needed."""

    code = "exchange_rejected"


class InsufficientFunds(ExchangeRejected):
    """The account does not hold what the order needs."""

    code = "insufficient_funds"


class ClientOrderIdTaken(ExchangeRejected):
    """The exchange has an order of this client order id: ask for that one."""

    code = "client_order_id_taken"


class VenueOrderNotFound(NotFound):
    """The exchange knows no such order; straight after sending, it may know it later."""

    code = "venue_order_not_found"


class ExchangeUnsupported(Unprocessable):
    """The exchange, or its adapter, cannot do this at all."""

    code = "exchange_unsupported"


class ExchangeMisconfigured(VenueMisconfigured):
    """Keys, clock or address are wrong; whoever runs the service has to act."""

    code = "exchange_misconfigured"


class ExchangeForbidden(Forbidden):
    """The keys may not do this, or calls from this country are refused."""

    code = "exchange_forbidden"


class ExchangeAnswerInvalid(BadUpstream):
    """The exchange gave an answer that cannot be believed."""

    code = "exchange_answer_invalid"


class OutcomeUnknown(BadUpstream):
    """An order or a cancel was sent, and nobody knows what became of it.

    It is never sent again blindly; reconciliation settles it.
    """

    code = "outcome_unknown"

"""From ccxt's exceptions to what to do next: the one table.

Each class of ccxt has a row of its own; a class that a later ccxt adds is treated as the
class that it descends from.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import ccxt
import requests

from apps.exchanges.adapters.ccxt.waiting import retry_after
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeAnswerInvalid,
    ExchangeForbidden,
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    ExchangeUnsupported,
    InsufficientFunds,
    OutcomeUnknown,
    SymbolUnknown,
    VenueOrderNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.core.errors import ApplicationError
    from apps.exchanges.adapters.ccxt.wire import Exchanged

# Every class of `ccxt.base.errors`, in the order of its hierarchy.
TABLE: Mapping[type[ccxt.BaseError], type[ApplicationError]] = {
    ccxt.BaseError: ExchangeAnswerInvalid,
    ccxt.ExchangeError: ExchangeRejected,
    ccxt.AuthenticationError: ExchangeMisconfigured,
    ccxt.PermissionDenied: ExchangeForbidden,
    ccxt.AccountNotEnabled: ExchangeForbidden,
    ccxt.AccountSuspended: ExchangeForbidden,
    ccxt.ArgumentsRequired: ExchangeUnsupported,
    ccxt.BadRequest: ExchangeRejected,
    ccxt.BadSymbol: SymbolUnknown,
    ccxt.OperationRejected: ExchangeRejected,
    ccxt.NoChange: ExchangeRejected,
    ccxt.MarginModeAlreadySet: ExchangeRejected,
    ccxt.MarketClosed: ExchangeRejected,
    ccxt.ManualInteractionNeeded: ExchangeMisconfigured,
    ccxt.RestrictedLocation: ExchangeForbidden,
    ccxt.InsufficientFunds: InsufficientFunds,
    ccxt.InvalidAddress: ExchangeRejected,
    ccxt.AddressPending: ExchangeRejected,
    ccxt.InvalidOrder: ExchangeRejected,
    ccxt.OrderNotFound: VenueOrderNotFound,
    ccxt.OrderNotCached: VenueOrderNotFound,
    ccxt.OrderImmediatelyFillable: ExchangeRejected,
    ccxt.OrderNotFillable: ExchangeRejected,
    ccxt.DuplicateOrderId: ClientOrderIdTaken,
    ccxt.ContractUnavailable: ExchangeRejected,
    ccxt.NotSupported: ExchangeUnsupported,
    ccxt.InvalidProxySettings: ExchangeMisconfigured,
    ccxt.ExchangeClosedByUser: ExchangeUnavailable,
    ccxt.OperationFailed: ExchangeUnavailable,
    ccxt.NetworkError: ExchangeUnavailable,
    ccxt.DDoSProtection: ExchangeRateLimited,
    ccxt.RateLimitExceeded: ExchangeRateLimited,
    ccxt.ExchangeNotAvailable: ExchangeUnavailable,
    ccxt.OnMaintenance: ExchangeUnavailable,
    ccxt.InvalidNonce: ExchangeMisconfigured,
    ccxt.ChecksumError: ExchangeAnswerInvalid,
    ccxt.RequestTimeout: ExchangeUnavailable,
    ccxt.BadResponse: ExchangeAnswerInvalid,
    ccxt.NullResponse: ExchangeAnswerInvalid,
    ccxt.CancelPending: OutcomeUnknown,
    ccxt.UnsubscribeError: ExchangeUnavailable,
}

# How Kraken says that an id names no order, or cannot name one, which to ccxt is an invalid
# order. That of a cancel ccxt knows itself; of a new order, it would tell something else.
_NO_SUCH_ORDER = re.compile(r"EOrder:(Unknown|Invalid) order")
# Refusals in the exchange's own words, which are no outage whatever the status.
_DEFINITE = (
    ccxt.AuthenticationError,
    ccxt.InsufficientFunds,
    ccxt.InvalidNonce,
    ccxt.InvalidOrder,
)
# How a name that is taken is told where ccxt has no class for it.
_TAKEN = re.compile(
    r"duplicate (client )?order|client ?(order|oid)[ _]?id.{0,30}"
    r"(exist|duplicate|in use|already|repeated)",
    re.IGNORECASE,
)

NOT_KNOWN = "whether the exchange carried it out is not known"
_SERVER_ERROR = 500
_BAD_REQUEST = 400
_LEGAL_REASONS = 451
_UNAUTHORIZED = 401


class Intent(StrEnum):
    """Whether a call changes anything at the exchange."""

    READ = "read"
    WRITE = "write"


def judged(
    error: ccxt.BaseError,
    exchanged: Exchanged,
    *,
    exchange: str,
    intent: Intent = Intent.READ,
    skew: float | None = None,
) -> ApplicationError:
    """Return what an exception of ccxt means to us.

    Args:
        error: What ccxt raised.
        exchanged: What the call sent and got.
        exchange: The id, for the message.
        intent: For a write, what leaves it open whether the exchange took it is an
            unknown outcome.
        skew: The exchange's clock less ours, in seconds, where it was measured.
    """
    kind = _kind_of(error, exchanged, intent)
    if intent is Intent.WRITE and _server_failed(error, exchanged):
        kind = ExchangeUnavailable
    said = f"{exchange}: {_told(error).removeprefix(exchange).strip()}"
    if intent is Intent.WRITE and _doubtful(error, kind, exchanged):
        return OutcomeUnknown(f"{said}; {NOT_KNOWN}")
    if kind is ExchangeRateLimited:
        limited = ExchangeRateLimited(said)
        limited.retry_after = retry_after(exchanged)
        return limited
    if kind is ExchangeMisconfigured:
        said += _advice(error, skew)
    return kind(said)


def _doubtful(
    error: ccxt.BaseError, kind: type[ApplicationError], exchanged: Exchanged
) -> bool:
    """Whether a write may have been carried out all the same.

    ccxt knows refusals before it hands an answer to its parser. Once an answer was handed
    on, the exchange had not refused: whatever was raised since, whether it is called an
    invalid order or not, is a fault in reading it. And words of a refusal that ccxt does
    not know, without a status that is one, may as well tell of something else.
    """
    if not exchanged.sent or (exchanged.sent == 1 and _unsent(error)):
        return False
    if kind in (ExchangeUnavailable, ExchangeAnswerInvalid):
        return True
    if exchanged.answer is not None:
        return True
    refused = _BAD_REQUEST <= (exchanged.status or 0) < _SERVER_ERROR
    return (
        kind is ExchangeRejected and _row(error) is ccxt.ExchangeError and not refused
    )


def _row(error: ccxt.BaseError) -> type[ccxt.BaseError]:
    return next(each for each in type(error).__mro__ if each in TABLE)


def _server_failed(error: ccxt.BaseError, exchanged: Exchanged) -> bool:
    """Whether a server's error may hide that a write was carried out.

    Binance says of any 5xx that the outcome is not known. Some others refuse under 500:
    that is believed where ccxt knows the very words.
    """
    if (exchanged.status or 0) < _SERVER_ERROR:
        return False
    return not isinstance(error, _DEFINITE)


def misread(
    error: Exception, exchanged: Exchanged, *, exchange: str, intent: Intent
) -> ApplicationError | None:
    """Return what it means that ccxt failed to read an answer.

    ccxt's parsers expect a shape: a list where an object came is a `KeyError` there.

    Args:
        error: What was raised; not one of ccxt's own.
        exchanged: What the call sent and got.
        exchange: The id, for the message.
        intent: For a write, the outcome is unknown.

    Returns:
        None where nothing was answered, or it was not ccxt that failed: then it is a
        fault of the program, which must not pass for one of the exchange.
    """
    if exchanged.status is None or not _within_ccxt(error):
        return None
    said = f"{exchange}: its answer has an unexpected shape ({error!r})"
    if intent is Intent.WRITE:
        return OutcomeUnknown(f"{said}; {NOT_KNOWN}")
    return ExchangeAnswerInvalid(said)


def _within_ccxt(error: BaseException) -> bool:
    """Whether the last of our and ccxt's functions on the way was one of ccxt's."""
    rooms = []
    trace = error.__traceback__
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", ""))
        rooms.append(name.partition(".")[0])
        trace = trace.tb_next
    ours = [room for room in rooms if room in ("apps", "ccxt")]
    return ours[-1:] == ["ccxt"]


def _advice(error: BaseException, skew: float | None) -> str:
    if isinstance(error, ccxt.InvalidNonce):
        if skew is None:
            return "; set this machine's clock by NTP"
        side = "ahead of" if skew > 0 else "behind"
        return (
            f"; its clock is {abs(skew):.1f} s {side} this machine's: set this "
            "machine's clock by NTP"
        )
    if isinstance(error, ccxt.InvalidProxySettings):
        return ""
    return "; check the key, its secret and the addresses that it is allowed from"


def _kind_of(
    error: ccxt.BaseError, exchanged: Exchanged, intent: Intent
) -> type[ApplicationError]:
    """Return the error class for an exception, by the table, status and own words."""
    row = _row(error)
    kind = TABLE[row]
    status = exchanged.status or 0
    if status == _LEGAL_REASONS:
        return ExchangeForbidden
    if kind is ExchangeRateLimited and status == _UNAUTHORIZED:
        # ccxt takes a key that stops working for a ban; the status says that it is not.
        return ExchangeMisconfigured
    by_words = _by_words(error, intent) if kind is ExchangeRejected else None
    if by_words is not None:
        return by_words
    if row is not ccxt.ExchangeError:
        return kind
    if status >= _SERVER_ERROR or _transport(error) is not None:
        return ExchangeUnavailable
    # The answer had been accepted when ccxt raised this: its parser misses something.
    return kind if exchanged.answer is None else ExchangeAnswerInvalid


def _by_words(error: ccxt.BaseError, intent: Intent) -> type[ApplicationError] | None:
    """Return what a refusal says that ccxt has no class for; None where nothing."""
    words = str(error)
    if _TAKEN.search(words):
        return ClientOrderIdTaken
    if intent is Intent.READ and _NO_SUCH_ORDER.search(words):
        return VenueOrderNotFound
    return None


def _unsent(error: BaseException) -> bool:
    """Whether a call surely never reached the exchange: no connection was made."""
    cause = _transport(error)
    if isinstance(cause, requests.ConnectTimeout):
        return True
    # urllib3 names it only within the text of what it raises.
    return isinstance(cause, requests.ConnectionError) and (
        "NewConnectionError" in repr(cause) or "NameResolutionError" in repr(cause)
    )


def _transport(error: BaseException) -> requests.RequestException | None:
    cause = error.__cause__
    if isinstance(cause, requests.HTTPError):
        return None
    return cause if isinstance(cause, requests.RequestException) else None


_QUERY = re.compile(r"\?\S*")
_MARKUP = re.compile(r"<[^>]*>?")
_SPACES = re.compile(r"\s+")
_MOST_TOLD = 300


def _told(error: BaseException) -> str:
    """Return what an exception says, fit for a person: short, without signatures."""
    text = _SPACES.sub(" ", _MARKUP.sub(" ", _QUERY.sub("", str(error)))).strip()
    text = text or type(error).__name__
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"

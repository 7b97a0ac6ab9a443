"""From ccxt's exceptions to what to do next: the one table.

Each class of ccxt has a row of its own; a class that a later ccxt adds is treated as the
class that it descends from.
"""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import ccxt
import requests

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

NOT_KNOWN = "whether the exchange carried it out is not known"
# Binance's shortest ban, where an exchange bans without saying for how long.
_BAN_SECONDS = 120.0
_TEAPOT = 418
_SERVER_ERROR = 500
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
        intent: For a write, an outage after sending is an unknown outcome.
        skew: The exchange's clock less ours, in seconds, where it was measured.
    """
    kind = kind_of(error, exchanged)
    said = f"{exchange}: {told(error).removeprefix(exchange).strip()}"
    doubtful = kind in (ExchangeUnavailable, ExchangeAnswerInvalid)
    if intent is Intent.WRITE and doubtful and exchanged.sent and not unsent(error):
        return OutcomeUnknown(f"{said}; {NOT_KNOWN}")
    if kind is ExchangeRateLimited:
        limited = ExchangeRateLimited(said)
        limited.retry_after = retry_after(exchanged)
        return limited
    if kind is ExchangeMisconfigured:
        said += _advice(error, skew)
    return kind(said)


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


def kind_of(error: ccxt.BaseError, exchanged: Exchanged) -> type[ApplicationError]:
    """Return the error class for an exception, by the table and the HTTP status."""
    row = next(each for each in type(error).__mro__ if each in TABLE)
    kind = TABLE[row]
    status = exchanged.status or 0
    if status == _LEGAL_REASONS:
        return ExchangeForbidden
    if kind is ExchangeRateLimited and status == _UNAUTHORIZED:
        # ccxt takes a key that stops working for a ban; the status says that it is not.
        return ExchangeMisconfigured
    if row is not ccxt.ExchangeError:
        return kind
    if status >= _SERVER_ERROR or _transport(error) is not None:
        return ExchangeUnavailable
    # The answer had been accepted when ccxt raised this: its parser misses something.
    return kind if exchanged.answer is None else ExchangeAnswerInvalid


def unsent(error: BaseException) -> bool:
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


def told(error: BaseException) -> str:
    """Return what an exception says, fit for a person: short, without signatures."""
    text = _SPACES.sub(" ", _MARKUP.sub(" ", _QUERY.sub("", str(error)))).strip()
    text = text or type(error).__name__
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"


_UNTIL = re.compile(r"until (\d{13})")
_FIELD = re.compile(r'"retry_?[aA]fter"\s*:\s*"?(\d+(?:\.\d+)?)')
_MILLISECONDS_SINCE = 1_000_000_000_000


def retry_after(exchanged: Exchanged) -> float | None:
    """Return the seconds that an exchange asks to wait, by header or body.

    Args:
        exchanged: The answer. Understood are `Retry-After` in seconds or as a date, and
            in the body `until <milliseconds>` and a field `retryAfter`.
    """
    header = next(
        (v for k, v in exchanged.headers.items() if k.lower() == "retry-after"), None
    )
    if header is not None:
        return _header_seconds(header)
    until = _UNTIL.search(exchanged.body)
    if until:
        return _seconds_until(int(until.group(1)) / 1000)
    named = _FIELD.search(exchanged.body)
    if named is None:
        return _BAN_SECONDS if exchanged.status == _TEAPOT else None
    value = float(named.group(1))
    return _seconds_until(value / 1000) if value >= _MILLISECONDS_SINCE else value


def _header_seconds(header: str) -> float | None:
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return _seconds_until(parsedate_to_datetime(header).timestamp())
    except ValueError:
        return None


def _seconds_until(moment: float) -> float:
    return max(0.0, moment - time.time())

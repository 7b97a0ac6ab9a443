"""How long an exchange wants no calls."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.exchanges.adapters.ccxt.wire import Exchanged

# Binance's shortest ban, where an exchange bans without saying for how long.
_BAN_SECONDS = 120.0
_TEAPOT = 418
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

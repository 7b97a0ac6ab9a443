"""Names of orders that we give, and those that we take."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from apps.trading.errors.orders import ClientOrderIdInvalid

if TYPE_CHECKING:
    from datetime import datetime

# What Binance takes: https://developers.binance.com/docs/binance-spot-api-docs/rest-api
# `newClientOrderId`, ^[\.A-Z\:/a-z0-9_-]{1,36}$, without the characters that others refuse.
_TAKEN = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
# Crockford's base 32: in the order of ASCII, so that names sort by time.
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_PREFIX = "plx"
# How orders are named that were made elsewhere, where no name of them can be had.
UNNAMED = "ext-"
_TIME_DIGITS, _RANDOM_DIGITS = 9, 6
_BITS = 5


def client_order_id_make(now: datetime) -> str:
    """Return a new name: `plx`, the milliseconds since 1970 and 30 random bits.

    Its 18 letters and digits are as much as the strictest venue takes (Kraken's
    `cl_ord_id`; OKX takes neither `-` nor `_`).
    """
    milliseconds = int(now.timestamp() * 1000)
    number = (milliseconds << (_BITS * _RANDOM_DIGITS)) | secrets.randbits(
        _BITS * _RANDOM_DIGITS
    )
    places = range(_TIME_DIGITS + _RANDOM_DIGITS - 1, -1, -1)
    return _PREFIX + "".join(_DIGITS[number >> (_BITS * at) & 31] for at in places)


def client_order_id_check(given: str) -> None:
    """Refuse a name that a venue would not take.

    Raises:
        ClientOrderIdInvalid: It is empty, longer than 36, or has other characters.
    """
    if not _TAKEN.fullmatch(given):
        msg = (
            "client_order_id has 1-36 characters, letters, digits, - and _; "
            f"not {given[:40]!r}."
        )
        raise ClientOrderIdInvalid(msg, attr="client_order_id")

"""Numbers of an exchange, exact and believable, or an error that names them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from apps.exchanges.errors import ExchangeAnswerInvalid

NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
# 2009-01-03, Bitcoin's first block, and 2100-01-01: outside, the unit is another one.
FIRST_MS = 1_230_940_800_000
LAST_MS = 4_102_444_800_000


def invalid(what: str, field: str, value: object) -> ExchangeAnswerInvalid:
    """Return the error for one field of an answer."""
    message = f"{what}: {field} is {str(value)[:60]!r}, which cannot be believed"
    return ExchangeAnswerInvalid(message, attr=field)


def exact(value: Any) -> Decimal | None:
    """Return a number as a Decimal with every digit that was sent; None for none.

    Raises:
        ValueError: It is no finite number.
    """
    if value is None or value == "":
        return None
    try:
        # The shortest text of a float is what was sent; its binary value is not.
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(value) from error
    if not number.is_finite():
        raise ValueError(value)
    return number


def optional(what: str, field: str, value: Any) -> Decimal | None:
    """Return a number that may be missing, and may be 0 but not less.

    Raises:
        ExchangeAnswerInvalid: It is no number, or below 0.
    """
    try:
        number = exact(value)
    except ValueError as error:
        raise invalid(what, field, value) from error
    if number is not None and number < 0:
        raise invalid(what, field, value)
    return number


def quantity(what: str, field: str, value: Any) -> Decimal:
    """Return a number of 0 or more that has to be there.

    Raises:
        ExchangeAnswerInvalid: It is missing, no number, or below 0.
    """
    number = optional(what, field, value)
    if number is None:
        raise invalid(what, field, value)
    return number


def price(what: str, field: str, value: Any) -> Decimal:
    """Return a price: there, a number, and above 0.

    Raises:
        ExchangeAnswerInvalid: It is not.
    """
    number = optional(what, field, value)
    if number is None or number <= 0:
        raise invalid(what, field, value)
    return number


def optional_price(what: str, field: str, value: Any) -> Decimal | None:
    """Return a price that may be missing; 0 is how some venues say so.

    Raises:
        ExchangeAnswerInvalid: It is no number, or below 0.
    """
    return optional(what, field, value) or None


def ceil_ms(time_ns: int) -> int:
    """Return a time in milliseconds, rounded up: what is asked for is not before it."""
    return -(-time_ns // NS_PER_MS)


def moment_ns(what: str, field: str, milliseconds: Any) -> int | None:
    """Return a time in nanoseconds; None where there is none.

    Args:
        what: The answer, for the message.
        field: Where it stands.
        milliseconds: Since the epoch, as ccxt has it.

    Raises:
        ExchangeAnswerInvalid: It is no time, or one of another unit.
    """
    if milliseconds is None:
        return None
    try:
        whole = int(milliseconds)
    except (TypeError, ValueError) as error:
        raise invalid(what, field, milliseconds) from error
    if not FIRST_MS <= whole <= LAST_MS:
        raise invalid(what, field, milliseconds)
    return whole * NS_PER_MS

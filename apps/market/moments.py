"""Between int64 nanoseconds, as arrays hold time, and aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NANOSECONDS_PER_SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def ns_from_datetime(moment: datetime) -> int:
    """Return nanoseconds since the epoch.

    Args:
        moment: An aware datetime.

    Raises:
        ValueError: It is naive.
    """
    if moment.tzinfo is None:
        msg = "a moment without a time zone says nothing; give an aware datetime"
        raise ValueError(msg)
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def datetime_from_ns(nanoseconds: int) -> datetime:
    """Return the aware UTC datetime, cut to its microsecond."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1_000)


def iso_from_ns(nanoseconds: int) -> str:
    """Return ISO 8601 with `Z`, with a fraction only where there is one."""
    whole, rest = divmod(nanoseconds, NANOSECONDS_PER_SECOND)
    text = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"

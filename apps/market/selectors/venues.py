"""Reads of what exchanges list."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from apps.exchanges.errors import SymbolUnknown
from apps.market.errors.venues import MarketsNotRead
from apps.market.models import VenueList, VenueMarket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

_NEAR = 3
_NEAR_CUTOFF = 0.5


def venue_list_get(*, exchange: str) -> VenueList:
    """Return when an exchange's markets were read, and how many there were.

    Raises:
        MarketsNotRead: They never were.
    """
    read = VenueList.objects.filter(pk=exchange, read_at__isnull=False).first()
    if read is None:
        msg = (
            f"The markets of {exchange} have not been read yet; "
            f"POST /api/v1/exchanges/{exchange}/markets/refresh/ asks for them."
        )
        raise MarketsNotRead(msg, attr="exchange")
    return read


def markets_list(*, exchange: str) -> QuerySet[VenueMarket]:
    """Return an exchange's markets as they were read last, by symbol."""
    return VenueMarket.objects.filter(exchange=exchange).order_by("symbol")


def symbols_check(*, exchange: str, symbols: Iterable[str]) -> None:
    """Refuse a symbol that an exchange does not list, as far as that is known.

    Args:
        exchange: Its id.
        symbols: Markets of it.

    Raises:
        SymbolUnknown: There is no such market, or it is gone; near ones are offered.
    """
    for error in symbols_unknown(exchange=exchange, symbols=symbols).values():
        raise error


def symbols_unknown(
    *, exchange: str, symbols: Iterable[str]
) -> dict[str, SymbolUnknown]:
    """Return what is wrong with symbols that an exchange does not list.

    Args:
        exchange: Its id.
        symbols: Markets of it.

    Returns:
        An error for each symbol that is not listed. None of them is judged where the
        exchange's markets were never read.
    """
    asked = list(dict.fromkeys(symbols))
    listed = markets_list(exchange=exchange).filter(gone_at__isnull=True)
    known = set(listed.filter(symbol__in=asked).values_list("symbol", flat=True))
    missing = [symbol for symbol in asked if symbol not in known]
    if not missing:
        return {}
    every = list(listed.values_list("symbol", flat=True))
    if not every:
        return {}
    return {symbol: _unknown(exchange, symbol, every) for symbol in missing}


def _unknown(exchange: str, symbol: str, listed: list[str]) -> SymbolUnknown:
    # As written by other programs: btcusdt, BTC-USDT, btc_usdt.
    by_letters: dict[str, str] = {}
    for one in listed:
        by_letters.setdefault(_letters(one), one)
    wanted = _letters(symbol)
    near = [by_letters[wanted]] if wanted in by_letters else []
    if not near:
        found = get_close_matches(wanted, by_letters, n=_NEAR, cutoff=_NEAR_CUTOFF)
        near = [by_letters[one] for one in found]
    offer = f" Did you mean {' or '.join(near)}?" if near else ""
    msg = (
        f"{exchange} has no market {symbol[:60]!r}.{offer} "
        f"GET /api/v1/exchanges/{exchange}/markets/?search= finds them."
    )
    return SymbolUnknown(msg, attr="symbol")


def _letters(symbol: str) -> str:
    return "".join(one for one in symbol.upper() if one.isalnum())

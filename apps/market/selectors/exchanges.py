"""Reads of which exchanges there are and what they can do; none of them is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from apps.exchanges.catalogue import catalogue_read
from apps.exchanges.registry import SIMULATED
from apps.market.exchanges import exchange_config, exchanges_allowed

if TYPE_CHECKING:
    from collections.abc import Collection

    from apps.exchanges.catalogue import Catalogue, ExchangeEntry

# What can be asked for by `can`, as `Capabilities` names it.
CAPABILITIES = (
    "candles",
    "trades",
    "order_book",
    "ticker",
    "stream_tickers",
    "stream_order_book",
    "stream_trades",
)


@dataclass(frozen=True, slots=True)
class ExchangeKnown:
    """An exchange, through what it is reached, and whether it may be asked.

    Attributes:
        entry: Its name and what it can do.
        adapter: `ccxt` or `simulated`.
        adapter_version: Of ccxt; None for our own.
        available: Whether it may be asked.
        reason: Why not, for a person; empty where it may.
    """

    entry: ExchangeEntry
    adapter: str
    adapter_version: str | None
    available: bool
    reason: str


def exchange_list(
    *,
    search: str = "",
    can: Collection[str] = (),
    timeframe: str = "",
    available: bool | None = None,
) -> list[ExchangeKnown]:
    """Return the exchanges, by id.

    Args:
        search: Part of an id or a name; empty: all.
        can: What they must be able to do, of `CAPABILITIES`.
        timeframe: A bar length that they must serve; empty: any.
        available: Only those that may be asked, or only the others; None: all.

    Raises:
        ExchangeUnavailable: What exchanges can do could not be found out.
    """
    catalogue = _catalogue()
    allowed = frozenset(exchanges_allowed())
    wanted = search.strip().casefold()
    found = []
    for entry in catalogue.entries:
        if wanted not in entry.id and wanted not in entry.name.casefold():
            continue
        if not all(getattr(entry.capabilities, name) for name in can):
            continue
        if timeframe and timeframe not in entry.capabilities.timeframes:
            continue
        known = _known(catalogue, entry, allowed)
        if available in {None, known.available}:
            found.append(known)
    return found


def exchange_get(*, exchange: str) -> ExchangeKnown:
    """Return one exchange.

    Raises:
        ExchangeUnknown: There is none of this name; near ones are offered.
        ExchangeUnavailable: ccxt, which would know it, is not installed.
    """
    catalogue = _catalogue()
    entry = catalogue.get(exchange)
    return _known(catalogue, entry, frozenset(exchanges_allowed()))


def exchange_allowed(*, exchange: str) -> None:
    """Refuse an exchange that is not known, or may not be asked.

    Raises:
        ExchangeUnknown: Near ones are offered.
        ExchangeUnavailable: ccxt, which would know it, is not installed.
    """
    exchange_config(exchange)


def _catalogue() -> Catalogue:
    return catalogue_read(settings.CACHE_DIR / "exchanges")


def _known(
    catalogue: Catalogue, entry: ExchangeEntry, allowed: frozenset[str]
) -> ExchangeKnown:
    ours = entry.id == SIMULATED
    available = entry.id in allowed
    return ExchangeKnown(
        entry,
        adapter=SIMULATED if ours else "ccxt",
        adapter_version=None if ours else catalogue.version,
        available=available,
        reason="" if available else "EXCHANGES_ALLOWED leaves it out.",
    )

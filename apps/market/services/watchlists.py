"""Make, change and remove watchlists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from apps.market.errors.venues import (
    WatchlistFull,
    WatchlistItemTaken,
    WatchlistNameTaken,
    WatchlistNotFound,
    WatchlistOrderInvalid,
)
from apps.market.exchanges import exchange_config
from apps.market.models import Watchlist, WatchlistItem
from apps.market.selectors.venues import symbols_check
from apps.market.selectors.watchlists import watchlist_get, watchlist_item_get

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from apps.users.models import User

MOST_WATCHLISTS = 50
MOST_ITEMS = 200


@transaction.atomic
def watchlist_create(*, actor: User, name: str) -> Watchlist:
    """Make an empty watchlist.

    Raises:
        WatchlistFull: The actor has as many as one may.
        WatchlistNameTaken: The actor has one of this name.
    """
    mine = Watchlist.objects.filter(owner=actor)
    if mine.count() >= MOST_WATCHLISTS:
        msg = f"You have {MOST_WATCHLISTS} watchlists; delete one first."
        raise WatchlistFull(msg)
    _name_check(actor, name)
    watchlist = Watchlist(owner=actor, name=name)
    _save(watchlist)
    return watchlist_get(actor=actor, watchlist_id=watchlist.pk)


@transaction.atomic
def watchlist_rename(*, actor: User, watchlist_id: UUID, name: str) -> Watchlist:
    """Give a watchlist another name.

    Raises:
        WatchlistNotFound: No such watchlist for this actor.
        WatchlistNameTaken: Another of the actor's has this name.
    """
    watchlist = watchlist_get(actor=actor, watchlist_id=watchlist_id)
    if watchlist.name != name:
        _name_check(actor, name)
        watchlist.name = name
        _save(watchlist)
    return watchlist


@transaction.atomic
def watchlist_delete(*, actor: User, watchlist_id: UUID) -> None:
    """Delete a watchlist and its items.

    Raises:
        WatchlistNotFound: No such watchlist for this actor.
    """
    watchlist_get(actor=actor, watchlist_id=watchlist_id).delete()


@transaction.atomic
def watchlist_item_add(
    *, actor: User, watchlist_id: UUID, exchange: str, symbol: str, note: str
) -> WatchlistItem:
    """Put a market at the end of a watchlist; its ticker is held fresh from then on.

    Raises:
        WatchlistNotFound: No such watchlist for this actor.
        ExchangeUnknown: There is no such exchange; near ones are offered.
        SymbolUnknown: The exchange lists no such market, as far as that is known.
        WatchlistItemTaken: The market is on it already.
        WatchlistFull: It has as many items as it may.
    """
    watchlist = _locked(actor, watchlist_id)
    exchange_config(exchange)
    symbols_check(exchange=exchange, symbols=[symbol])
    items = list(watchlist.items.all())
    if any((one.exchange, one.symbol) == (exchange, symbol) for one in items):
        msg = f"{symbol} of {exchange} is on the watchlist {watchlist.name!r} already."
        raise WatchlistItemTaken(msg, attr="symbol")
    if len(items) >= MOST_ITEMS:
        msg = f"The watchlist has {MOST_ITEMS} items; remove one first."
        raise WatchlistFull(msg)
    position = items[-1].position + 1 if items else 0
    item = WatchlistItem(
        watchlist=watchlist,
        exchange=exchange,
        symbol=symbol,
        note=note,
        position=position,
    )
    item.full_clean()
    item.save()
    return item


@transaction.atomic
def watchlist_item_note(
    *, actor: User, watchlist_id: UUID, item_id: UUID, note: str
) -> WatchlistItem:
    """Write another note on an item.

    Raises:
        WatchlistNotFound, WatchlistItemNotFound: No such item for this actor.
    """
    item = watchlist_item_get(actor=actor, watchlist_id=watchlist_id, item_id=item_id)
    item.note = note
    item.full_clean()
    item.save()
    return item


@transaction.atomic
def watchlist_item_remove(*, actor: User, watchlist_id: UUID, item_id: UUID) -> None:
    """Take an item off a watchlist.

    Raises:
        WatchlistNotFound, WatchlistItemNotFound: No such item for this actor.
    """
    watchlist_item_get(actor=actor, watchlist_id=watchlist_id, item_id=item_id).delete()


@transaction.atomic
def watchlist_reorder(
    *, actor: User, watchlist_id: UUID, items: Sequence[UUID]
) -> Watchlist:
    """Put the items of a watchlist in another order.

    Args:
        actor: Whose watchlist it is.
        watchlist_id: Which one.
        items: The ids of all its items, each once.

    Raises:
        WatchlistNotFound: No such watchlist for this actor.
        WatchlistOrderInvalid: An item is missing, doubled, or of another watchlist.
    """
    watchlist = _locked(actor, watchlist_id)
    known = {one.pk: one for one in watchlist.items.all()}
    if sorted(items) != sorted(known):
        msg = (
            f"The order has to name each of the watchlist's {len(known)} items once; it "
            f"names {len(items)}, {len(known.keys() & set(items))} of them its own."
        )
        raise WatchlistOrderInvalid(msg, attr="items")
    for position, item_id in enumerate(items):
        known[item_id].position = position
    WatchlistItem.objects.bulk_update(known.values(), ["position"])
    return watchlist_get(actor=actor, watchlist_id=watchlist_id)


def _locked(actor: User, watchlist_id: UUID) -> Watchlist:
    """Return a watchlist that nobody else changes until the commit."""
    mine = Watchlist.objects.select_for_update().filter(owner=actor, pk=watchlist_id)
    if mine.first() is None:
        msg = f"There is no watchlist {watchlist_id}; see GET /api/v1/watchlists/."
        raise WatchlistNotFound(msg)
    return watchlist_get(actor=actor, watchlist_id=watchlist_id)


def _name_check(actor: User, name: str) -> None:
    if Watchlist.objects.filter(owner=actor, name=name).exists():
        raise _taken(name)


def _save(watchlist: Watchlist) -> None:
    try:
        with transaction.atomic():
            watchlist.save()
    except IntegrityError as error:
        # Another request took the name at the same moment.
        raise _taken(watchlist.name) from error


def _taken(name: str) -> WatchlistNameTaken:
    msg = f"You have a watchlist {name!r} already."
    return WatchlistNameTaken(msg, attr="name")

"""Reads of watchlists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from apps.market.errors.venues import WatchlistItemNotFound, WatchlistNotFound
from apps.market.models import Watchlist

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.market.models import WatchlistItem
    from apps.users.models import User


def watchlist_list(*, actor: User) -> QuerySet[Watchlist]:
    """Return the actor's watchlists with their `item_count`, newest first."""
    return (
        Watchlist.objects.filter(owner=actor)
        .annotate(item_count=Count("items"))
        .order_by("-created_at", "-id")
    )


def watchlist_get(*, actor: User, watchlist_id: UUID) -> Watchlist:
    """Return one of the actor's watchlists, with its items in their order.

    Raises:
        WatchlistNotFound: There is none with this id for this actor.
    """
    found = (
        watchlist_list(actor=actor)
        .prefetch_related("items")
        .filter(pk=watchlist_id)
        .first()
    )
    if found is None:
        msg = f"There is no watchlist {watchlist_id}; see GET /api/v1/watchlists/."
        raise WatchlistNotFound(msg)
    return found


def watchlist_item_get(
    *, actor: User, watchlist_id: UUID, item_id: UUID
) -> WatchlistItem:
    """Return one item of one of the actor's watchlists.

    Raises:
        WatchlistNotFound: There is no such watchlist for this actor.
        WatchlistItemNotFound: It has no such item.
    """
    watchlist = watchlist_get(actor=actor, watchlist_id=watchlist_id)
    for item in watchlist.items.all():
        if item.pk == item_id:
            return item
    msg = f"The watchlist {watchlist.name!r} has no item {item_id}."
    raise WatchlistItemNotFound(msg)

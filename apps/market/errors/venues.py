"""What can go wrong with what venues list and people watch of it."""

from __future__ import annotations

from apps.core.errors import BadUpstream, Conflict, Invalid, NotFound, Unavailable


class MarketsNotRead(Conflict):
    """The markets of this exchange were never read; somebody has to ask for them."""

    code = "markets_not_read"


class MarketsLost(BadUpstream):
    """An exchange suddenly lists far fewer markets than before; nothing was changed."""

    code = "markets_lost"


class InstrumentsNotRefreshed(BadUpstream):
    """Not one of the venues could be asked for its rules."""

    code = "instruments_not_refreshed"


class StatusNotLive(Unavailable):
    """Nobody watches this exchange yet; it is being asked for now."""

    code = "status_not_live"


class PriceNotLive(Unavailable):
    """There is no live price yet; it is being asked for now."""

    code = "price_not_live"


class SymbolsTooMany(Invalid):
    """More symbols than one call may ask for."""

    code = "symbols_too_many"


class WatchlistNotFound(NotFound):
    """There is no such watchlist, or it is not yours."""

    code = "watchlist_not_found"


class WatchlistItemNotFound(NotFound):
    """The watchlist has no such item."""

    code = "watchlist_item_not_found"


class WatchlistNameTaken(Conflict):
    """Another watchlist of yours has this name."""

    code = "watchlist_name_taken"


class WatchlistItemTaken(Conflict):
    """The market is on this watchlist already."""

    code = "watchlist_item_taken"


class WatchlistFull(Conflict):
    """There is no room for one more."""

    code = "watchlist_full"


class WatchlistOrderInvalid(Invalid):
    """An order that does not name each item of the watchlist once."""

    code = "watchlist_order_invalid"

"""An account's executions as its venue tells them, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apps.core.errors import Forbidden, RateLimited, Unavailable
from apps.exchanges.errors import VenueMisconfigured
from apps.market.moments import datetime_from_ns, ns_from_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from apps.exchanges.account_port import AccountPort, VenueFill

# The venue cannot be asked at all, or not with these keys: no other market fares better.
VENUE_SILENT = (Unavailable, RateLimited, Forbidden, VenueMisconfigured)
# Some venues, such as Binance, tell executions of at most so long a time at once.
_WINDOW = timedelta(days=1)


def fills_pages(
    port: AccountPort,
    symbol: str,
    *,
    since: datetime,
    until: datetime,
    after_id: str | None = None,
) -> Iterator[tuple[VenueFill, ...]]:
    """Yield an account's executions of a market by pages, oldest first, each once.

    An empty page is not the end: it says nothing of the time after the one that it
    covers. It is asked on by time until `until`.

    Args:
        port: The account.
        symbol: The market.
        since: From this time on.
        until: Now, as the venue may have it.
        after_id: Only those after this one, where the venue can be asked so.

    Raises:
        ApplicationError: The venue could not be asked, or not of this market.
    """
    # Every one that was told is known: each turn brings a new one or a later time, and a
    # venue that repeats itself does not keep it going. By side as well: the two of a
    # trade of the account with itself have one id.
    known: set[tuple[str, str]] = set()
    while True:
        page = port.fills(symbol, ns_from_datetime(since), after_id)
        new = tuple(one for one in page if (one.id, one.side) not in known)
        if new:
            known |= {(one.id, one.side) for one in new}
            yield new
            since, after_id = datetime_from_ns(new[-1].time_ns), new[-1].id
        elif since + _WINDOW < until:
            since, after_id = since + _WINDOW, None
        else:
            return

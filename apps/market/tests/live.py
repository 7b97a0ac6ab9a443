"""What a feed process would have told."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from apps.market.live.encoding import moment
from apps.market.models import FeedLease
from apps.stream.latest import latest_store

if TYPE_CHECKING:
    from datetime import datetime


def status_tell(*exchanges: str, now: datetime) -> None:
    """Tell how exchanges are: 2 s ago, with a ticker of 7 s; the first has a feed."""
    channel = {"oldest_received_at": (now - timedelta(seconds=7)).isoformat()}
    nothing = {"oldest_received_at": None}
    told = {
        "reachable": True,
        "at": moment(int((now.timestamp() - 2) * 1e9)),
        "feed": {
            "channels": {"tickers": channel, "books": nothing, "trades": nothing},
            "received": 12,
            "published": 9,
            "reconnects": 1,
            "resyncs": 2,
            "dropped": 3,
        },
    }
    bodies = {one: json.dumps({"exchange": one, **told}).encode() for one in exchanges}
    asyncio.run(latest_store().write("status:exchanges", bodies))
    FeedLease.objects.create(exchange=exchanges[0], holder="one", until=now)

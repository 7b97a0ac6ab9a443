"""What somebody owns, made over the API, and what to send to who would reach for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

# The first part of a path that matches says what its body is.
BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"/instruments/", {"price_tick": "0.01"}),
    (r"/api-keys/", {}),
    (r"/watchlists/.*/items/$", {"exchange": "simulated", "symbol": "ETH/USDT"}),
    (r"/watchlists/.*/items/", {"note": "mine"}),
    (r"/watchlists/.*/order/$", {"items": []}),
    (r"/watchlists/", {"name": "Mine"}),
    (r"/schedules/", {"enabled": False}),
    (r"", {"definition": {}}),
)


def body_for(path: str) -> dict[str, Any]:
    """Return a body that the operation at a path would take from its owner."""
    return next(body for pattern, body in BODIES if re.search(pattern, path))


def watchlist_make(client: httpx.Client) -> tuple[str, str]:
    """Make a watchlist with one market; returns the ids of both."""
    made = client.post("/api/v1/watchlists/", json={"name": "Majors"})
    assert made.status_code == 201, made.text
    item = {"exchange": "simulated", "symbol": "BTC/USDT"}
    added = client.post(f"/api/v1/watchlists/{made.json()['id']}/items/", json=item)
    assert added.status_code == 201, added.text
    whole = client.get(f"/api/v1/watchlists/{made.json()['id']}/").json()
    return made.json()["id"], whole["items"][0]["id"]


def schedule_make(client: httpx.Client, series: str) -> str:
    """Put a check of a series on a schedule; returns the schedule's id."""
    asked = {
        "name": "Nightly",
        "kind": "candles.quality",
        "payload": {"series": series},
        "every_seconds": 86_400,
    }
    made = client.post("/api/v1/schedules/", json=asked)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])

"""What somebody owns, made over the API, and what to send to who would reach for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.journeys.service import follow

if TYPE_CHECKING:
    import httpx

MISSING = "00000000-0000-4000-8000-000000000000"
UNTIL = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"

# The first part of a path that matches says what its body is.
BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"/instruments/", {"price_tick": "0.01"}),
    (r"/api-keys/", {}),
    (r"/watchlists/.*/items/$", {"exchange": "simulated", "symbol": "ETH/USDT"}),
    (r"/watchlists/.*/items/", {"note": "mine"}),
    (r"/watchlists/.*/order/$", {"items": []}),
    (r"/watchlists/", {"name": "Mine"}),
    (r"/schedules/", {"enabled": False}),
    (r"/accounts/\{account_id\}/credentials/$", {"api_key": "mine", "secret": "mine"}),
    (r"/accounts/\{account_id\}/(close|preflight|credentials/test)/$", {}),
    (r"/accounts/\{account_id\}/$", {"name": "Mine"}),
    (
        r"/accounts/\{account_id\}/(deposits|withdrawals)/$",
        {"currency": "USDT", "amount": "1"},
    ),
    (
        r"/accounts/\{account_id\}/adjustments/$",
        {"currency": "USDT", "amount": "1", "reason": "mine"},
    ),
    (
        r"/accounts/\{account_id\}/transfers/$",
        {"target": MISSING, "currency": "USDT", "amount": "1"},
    ),
    (r"/accounts/\{account_id\}/risk/limits/$", {"rules": {}}),
    (r"/accounts/\{account_id\}/risk/locks/$", {"reason": "mine", "until": UNTIL}),
    (r"/accounts/\{account_id\}/risk/locks/", {"until": UNTIL}),
    (r"/orders/\{order_id\}/replace/$", {"quantity": "1"}),
    (r"/orders/\{order_id\}/cancel/$", {}),
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


def account_make(client: httpx.Client) -> str:
    """Make a paper account; returns its id."""
    asked = {
        "name": "Main",
        "mode": "paper",
        "exchange": "simulated",
        "currency": "USDT",
    }
    made = client.post("/api/v1/accounts/", json=asked)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def money_make(client: httpx.Client, account: str) -> dict[str, str]:
    """Make what an account has beside itself; returns the ids, by parameter."""
    lock = client.post(
        f"/api/v1/accounts/{account}/risk/locks/",
        json={"reason": "a holiday", "until": UNTIL},
    )
    assert lock.status_code == 201, lock.text
    order = {
        "account": account,
        "symbol": "BTC/USDT",
        "side": "buy",
        "kind": "limit",
        "quantity": "0.01",
        "price": "100",
    }
    verdict = client.post("/api/v1/risk/verdicts/", json=order)
    assert verdict.status_code in {200, 201}, verdict.text
    asked = client.post("/api/v1/reconciliations/", json={"account": account})
    assert asked.status_code == 202, asked.text
    return {
        "lock_id": lock.json()["id"],
        "verdict_id": verdict.json()["id"],
        "reconciliation_id": follow(client, asked.headers["Location"])["result"][
            "reconciliation_id"
        ],
    }

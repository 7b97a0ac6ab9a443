"""Placing paper orders over HTTP, against a bare view that inserts one row.

    python -m tests.benchmarks.bench_orders

On the database that DATABASE_URL names, SQLite by default, with REDIS_URL where it is set.
Both views are served by the same processes, behind the same authentication and the same
throttles, which count and let all pass. Calls of both take turns, so that both meet the
same machine. Each client is a trader with an account of its own, as those are who place
orders at the same time; what the same clients do to one account, whose orders are judged
one after another, is told beside it. Each round has new accounts: the gate sums what is
open, and nobody has a thousand orders open in one.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.service import environment, service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CLIENTS = 16
ROUNDS, ROUND_CALLS = 3, 160
WARM_CALLS = 32
AT_LEAST = 0.5
SYMBOL = "BTC/USDT"
BARE, SHARED = "bare", ", all on one account"
ORDERS = "/api/v1/orders/"
PRICED_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Timed:
    """How calls went: how many a second, and how long each took, seconds."""

    per_second: float
    taken: list[float]

    def at(self, share: float) -> float:
        """Return the time within which a share of the calls was answered."""
        ranked = sorted(self.taken)
        return ranked[min(len(ranked) - 1, math.ceil(share * len(ranked)) - 1)]


def calls_time(
    address: str, path: str, asked: Sequence[tuple[str, Any]], calls: int
) -> Timed:
    """Post so many times from all clients at once.

    Args:
        address: The service's.
        path: Of the view.
        asked: Each client's token, and the body that it posts again and again.
        calls: How many, of all clients together.
    """
    taken: list[float] = []
    gate = threading.Barrier(CLIENTS + 1)

    def client(count: int, token: str, body: Any) -> None:
        headers = {
            "Authorization": f"Token {token}",
            "Content-Type": "application/json",
        }
        text = json.dumps(body)
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        gate.wait()
        for _ in range(count):
            begun = time.perf_counter()
            connection.request("POST", path, text, headers)
            answer = connection.getresponse()
            told = answer.read()
            taken.append(time.perf_counter() - begun)
            if answer.status != 201:
                msg = f"{path} answered {answer.status}: {told[:400]!r}"
                raise SystemExit(msg)
        connection.close()

    shares = [len(one) for one in batched(range(calls), -(-calls // CLIENTS))]
    shares += [0] * (CLIENTS - len(shares))
    threads = [
        threading.Thread(target=client, args=(share, *one))
        for share, one in zip(shares, asked, strict=True)
    ]
    for one in threads:
        one.start()
    gate.wait()
    begun = time.perf_counter()
    for one in threads:
        one.join()
    passed = time.perf_counter() - begun
    if len(taken) != calls:
        msg = f"{path}: only {len(taken)} of {calls} calls went well"
        raise SystemExit(msg)
    return Timed(calls / passed, taken)


@contextmanager
def prices_held() -> Iterator[None]:
    """Write the market's price again and again, as `run_streams` would."""
    from apps.portfolio.tests.world import price_put  # noqa: PLC0415 - needs Django

    ended = threading.Event()

    def write() -> None:
        while not ended.wait(PRICED_EVERY):
            price_put("binance", SYMBOL, "99.99", "100")

    price_put("binance", SYMBOL, "99.99", "100")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


def world_make() -> None:
    """Make the market."""
    from apps.portfolio.tests.world import market_make  # noqa: PLC0415 - needs Django

    market_make(step="0.001", min_quantity="0.001")


def trader_make(number: int) -> str:
    """Make a user; return the token."""
    from apps.users.models import User  # noqa: PLC0415 - needs Django
    from apps.users.services import token_issue  # noqa: PLC0415

    user = User.objects.create_user(username=f"bench {number} {time.time_ns()}")
    return str(token_issue(user=user))


def account_new(token: str) -> str:
    """Make an account on paper with money for whose token it is; return its id."""
    from apps.portfolio.tests.world import (  # noqa: PLC0415 - needs Django
        account_make,
        deposit,
    )
    from apps.users.models import User  # noqa: PLC0415

    owner = User.objects.get(auth_token__key=token)
    account = account_make(owner, name=f"bench {time.time_ns()}")
    deposit(account, "USDT", 100_000_000)
    return str(account.pk)


def measure() -> list[Figure]:
    """Start a service, and place orders by it."""
    configured = os.environ.get("DATABASE_URL", "")
    with environment("ERROR"):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare_settings",
            "THROTTLE_ORDERS": "100000000/minute",
        }
        if configured.startswith("postgres"):
            os.environ["DATABASE_URL"] = configured
        with service() as (client, _):
            return _measured(client._http)


def _measured(http_client: Any) -> list[Figure]:
    from django.db import connection  # noqa: PLC0415 - needs Django

    world_make()
    order = {"symbol": SYMBOL, "side": "buy", "quantity": "0.1"}
    resting, market = order | {"price": "90"}, order | {"kind": "market"}
    bodies = {
        BARE: ("/bare/", order),
        "a resting limit order": (ORDERS, resting),
        "a market order, filled": (ORDERS, market),
        f"a resting limit order{SHARED}": (ORDERS, resting),
        f"a market order, filled{SHARED}": (ORDERS, market),
    }
    traders = [trader_make(number) for number in range(CLIENTS)]
    address = str(http_client.base_url)
    timed: dict[str, list[Timed]] = {name: [] for name in bodies}
    with prices_held():
        for number in range(ROUNDS + 1):
            for name, (path, body) in bodies.items():
                asked = _asked(path, body, traders, shared=name.endswith(SHARED))
                calls = ROUND_CALLS if number else WARM_CALLS
                done = calls_time(address, path, asked, calls)
                timed[name] += [done] if number else []
    sums = {name: _together(rounds) for name, rounds in timed.items()}
    return _figures(sums, connection.vendor)


def _asked(
    path: str, body: Mapping[str, Any], traders: Sequence[str], *, shared: bool
) -> list[tuple[str, Any]]:
    """Return each client's token and body, with a new account where orders go."""
    if path != ORDERS:
        return [(token, body) for token in traders]
    if shared:
        token = traders[0]
        return [(token, {**body, "account": account_new(token)})] * len(traders)
    return [(token, {**body, "account": account_new(token)}) for token in traders]


def _together(rounds: list[Timed]) -> Timed:
    calls = sum(len(one.taken) for one in rounds)
    seconds = sum(len(one.taken) / one.per_second for one in rounds)
    return Timed(calls / seconds, [each for one in rounds for each in one.taken])


def _figures(sums: Mapping[str, Timed], vendor: str) -> list[Figure]:
    bare = sums[BARE]
    figures = []
    for name, one in sums.items():
        judged = one is not bare and not name.endswith(SHARED)
        figures.append(
            Figure(
                f"{name}, {CLIENTS} clients, {vendor}",
                f"{one.per_second:.0f}/s; p50 {milliseconds(one.at(0.5))}, "
                f"p99 {milliseconds(one.at(0.99))}",
                "" if one is bare else f"a bare view {bare.per_second:.0f}/s",
                "" if one is bare else f"{one.per_second / bare.per_second:.2f}x",
                f"{AT_LEAST:g}x" if judged else "",
                one.per_second >= AT_LEAST * bare.per_second if judged else None,
            )
        )
    return figures


if __name__ == "__main__":
    report("orders", measure)

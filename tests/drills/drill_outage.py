"""Redis goes away, and the database is locked: orders fail closed, and nothing hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.service import port_free, service
from tests.drills.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.drills.world import World

LOCKED_SECONDS, AWAY_SECONDS = 25.0, 8.0
CALLERS = 4
# Longer than any answer may take: the service's own bound on a locked database.
LONGEST_SECONDS = 45.0


def measure() -> list[Figure]:
    """Place orders on paper all the while, and see what they are answered."""
    redis = _Redis() if shutil.which("redis-server") else None
    settings = {"REDIS_URL": redis.address} if redis else {}
    try:
        with surroundings(**settings) as served:
            from tests.drills.world import (  # noqa: PLC0415
                paper_money_put,
                prices_kept,
                world_make,
            )

            world = world_make(served, mode="paper")
            paper_money_put(world)
            with service(web_processes=2) as (client, _), prices_kept():
                address = str(client._http.base_url)
                figures = _locked(world, address)
                if redis is not None:
                    figures += _without_redis(world, address, redis)
                figures += _whole(world)
    finally:
        if redis is not None:
            redis.stop()
    return figures


class _Redis:
    """A Redis of the drill's own, which can be stopped and started."""

    def __init__(self) -> None:
        self.port = port_free()
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it, empty."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._running = subprocess.Popen(  # noqa: S603
            [str(shutil.which("redis-server")), *options],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(0.5)

    def stop(self) -> None:
        """Kill it."""
        self._running.kill()
        self._running.wait()


def _locked(world: World, address: str) -> list[Figure]:
    """Lock the database for a while; orders are answered, and work comes back."""
    with _calls(world, address) as calls:
        time.sleep(2.0)
        locked = time.monotonic()
        with _database_locked():
            time.sleep(LOCKED_SECONDS)
        freed = time.monotonic()
        time.sleep(5.0)
    during = [one for one in calls if locked <= one[0] < freed]
    after = [one for one in calls if one[0] > freed + 2]
    statuses = Counter(one[2] for one in during)
    slow = max((one[1] for one in calls), default=0.0)
    back = all(one[2] == 201 for one in after) and bool(after)
    return [
        Figure(
            f"database locked for {LOCKED_SECONDS:.0f} s: answers",
            ", ".join(f"{count} of {status}" for status, count in statuses.items()),
            target="201 or 503",
            met=set(statuses) <= {201, 503},
        ),
        Figure(
            "the slowest answer",
            f"{slow:.1f} s",
            target=f"< {LONGEST_SECONDS:.0f} s",
            met=slow < LONGEST_SECONDS,
        ),
        Figure("afterwards all orders are placed", str(back), target="True", met=back),
    ]


@contextmanager
def _database_locked() -> Iterator[None]:
    """Hold what every order needs."""
    from django.db import connection, transaction  # noqa: PLC0415

    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE trading_order IN ACCESS EXCLUSIVE MODE")
        yield


def _without_redis(world: World, address: str, redis: _Redis) -> list[Figure]:
    """Take Redis away for a while."""
    with _calls(world, address) as calls:
        time.sleep(2.0)
        gone = time.monotonic()
        redis.stop()
        time.sleep(AWAY_SECONDS)
        redis.start()
        back = time.monotonic()
        time.sleep(4.0)
    during = [one for one in calls if gone <= one[0] < back]
    statuses = Counter(one[2] for one in during)
    times = sorted(one[1] for one in during) or [0.0]
    p99 = times[int(len(times) * 0.99)] if len(times) > 1 else times[0]
    after = Counter(one[2] for one in calls if one[0] > back + 2)
    return [
        Figure(
            f"without Redis for {AWAY_SECONDS:.0f} s: answers",
            ", ".join(f"{count} of {status}" for status, count in statuses.items()),
            target="201 or 503",
            met=set(statuses) <= {201, 503},
        ),
        Figure("p99 meanwhile", milliseconds(p99), target="< 3 s", met=p99 < 3),
        Figure(
            "afterwards",
            ", ".join(f"{count} of {status}" for status, count in after.items()),
            target="201",
            met=set(after) == {201},
        ),
    ]


def _whole(world: World) -> list[Figure]:
    """See that there is no half order, and that the paper venue and the ledger agree."""
    from apps.risk.models import Reservation  # noqa: PLC0415
    from apps.trading.models import Order  # noqa: PLC0415
    from tests.drills.judge import UNRESOLVED  # noqa: PLC0415

    orders = Order.objects.filter(account=world.account)
    doubtful = orders.filter(state__in=UNRESOLVED).count()
    unheld = Reservation.objects.filter(
        account=world.account, released_at__isnull=True
    ).exclude(order_id__in=orders.filter(ended_at__isnull=True).values("pk"))
    run = world.reconcile()
    half = doubtful + unheld.count() + int(run.unexplained)
    return [Figure("half orders", str(half), target="0", met=half == 0)]


@contextmanager
def _calls(world: World, address: str) -> Iterator[list[tuple[float, float, int]]]:
    """Place orders while the block lasts: when, how long it took, and the status."""
    from tests.drills.world import headers_of, order_body  # noqa: PLC0415

    headers = headers_of(world.user)
    made: list[tuple[float, float, int]] = []
    done = threading.Event()
    body = order_body(world)

    def call(_: int) -> None:
        with httpx.Client(base_url=address, headers=headers, timeout=90) as http:
            while not done.is_set():
                begun = time.monotonic()
                answer = http.post("/api/v1/orders/", json=body)
                took = time.monotonic() - begun
                made.append((begun, took, answer.status_code))
                time.sleep(0.1)

    with ThreadPoolExecutor(CALLERS) as pool:
        running = [pool.submit(call, number) for number in range(CALLERS)]
        try:
            yield made
        finally:
            done.set()
            for one in running:
                one.result()


if __name__ == "__main__":
    os.environ.pop("REDIS_URL", None)
    report("outages while orders are placed", measure)

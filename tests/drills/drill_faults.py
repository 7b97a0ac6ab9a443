"""Thousands of orders through an exchange where anything goes wrong, then the books."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.benchmarks.report import Figure, report
from tests.drills.surroundings import surroundings

if TYPE_CHECKING:
    from tests.drills.judge import Judgement
    from tests.drills.world import World

ORDERS = 500 if "--quick" in sys.argv else 10_000
THREADS = 8
MOST_ROUNDS = 40
# Of the orders of a kind so many meet the fault; the slow ones are the rarest.
FAULTS: tuple[tuple[str, str, float], ...] = (
    ("drop_before", "POST", 0.02),
    ("drop_after", "POST", 0.03),
    ("error_before", "POST", 0.02),
    ("error_after", "POST", 0.03),
    ("truncate", "POST", 0.02),
    ("empty", "POST", 0.01),
    ("html", "POST", 0.01),
    ("nulls", "POST", 0.01),
    ("timeout_after", "POST", 0.003),
    ("error_before", "GET", 0.02),
    ("truncate", "GET", 0.01),
    ("drop_after", "DELETE", 0.05),
    ("error_before", "DELETE", 0.05),
)


def measure() -> list[Figure]:
    """Place them while reconciliation runs beside them, and have all of it judged."""
    with surroundings() as served:
        from tests.drills.world import prices_kept, world_make  # noqa: PLC0415

        world = world_make(served)
        served.account(deposit={"asset": "USDT", "amount": "100000000"})
        served.account(deposit={"asset": "BTC", "amount": "10000"})
        _deposits_take(world)
        with prices_kept():
            begun = time.monotonic()
            came = _storm(world)
            seconds = time.monotonic() - begun
            struck = sum(served.faults_struck().values())
            served.faults_clear()
            settled, after = _settle(world)
    states = ", ".join(f"{count} {what}" for what, count in sorted(came.items()))
    return [
        Figure(
            f"{ORDERS} orders, {struck} faults, {seconds:.0f} s",
            f"at the exchange {after.orders}; {states}",
        ),
        Figure(
            "ledger less the exchange's",
            str(after.difference or 0),
            target="0",
            met=not after.difference,
        ),
        Figure(
            "doubled / lost / unresolved",
            f"{after.doubled} / {after.lost} / {after.unresolved}",
            target="0 / 0 / 0",
            met=not (after.doubled or after.lost or after.unresolved),
        ),
        Figure(
            "executions / states that differ",
            f"{after.executions} / {after.states}",
            target="0 / 0",
            met=not (after.executions or after.states),
        ),
        Figure("all settled after", f"{settled:.1f} s"),
    ]


def _deposits_take(world: World) -> None:
    """Write down what was paid in at the exchange, as a person would."""
    from decimal import Decimal  # noqa: PLC0415

    from django.db import transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from apps.portfolio.services.posting import deposit_post  # noqa: PLC0415

    now = timezone.now()
    with transaction.atomic():
        for currency, amount in (("USDT", 100_000_000), ("BTC", 10_000)):
            deposit_post(
                account=world.account,
                currency=currency,
                amount=Decimal(amount),
                cause="drill",
                cause_id=currency,
                at=now,
                now=now,
            )


def _storm(world: World) -> Counter[str]:
    for kind, method, chance in FAULTS:
        world.served.fault(
            kind, path="order", method=method, times=None, probability=chance
        )
    world.served.fault("error_before", path="myTrades", times=None, probability=0.03)
    draws = random.Random(7)  # noqa: S311 - a story that can be told again
    stories = [(number, draws.random(), draws.random()) for number in range(ORDERS)]
    done = threading.Event()
    beside = threading.Thread(target=_reconcile_beside, args=(world, done))
    beside.start()
    with ThreadPoolExecutor(THREADS) as pool:
        came = Counter(pool.map(lambda one: _story(world, *one), stories))
    done.set()
    beside.join()
    return came


def _story(world: World, number: int, one: float, other: float) -> str:
    """Place an order, perhaps cancel it; returns where it stood then."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from apps.core.errors import ApplicationError  # noqa: PLC0415
    from apps.trading.services.cancelling import order_cancel  # noqa: PLC0415
    from tests.drills.world import request_of  # noqa: PLC0415

    quantity = f"{0.001 + round(one * 0.02, 5):.5f}"
    side = "buy" if number % 2 else "sell"
    price = (f"{50_000 * (0.95 if number % 2 else 1.05):.2f}") if other < 0.4 else None
    try:
        order = world.place(
            request_of(side=side, quantity=quantity, price=price), key=f"story {number}"
        )
        if price is not None and one < 0.8:
            order = order_cancel(
                actor=world.user, order_id=order.pk, now=timezone.now()
            )
    except ApplicationError as error:
        return error.code
    finally:
        connection.close()
    return str(order.state)


def _reconcile_beside(world: World, done: threading.Event) -> None:
    from django.db import connection  # noqa: PLC0415

    from apps.core.errors import ApplicationError  # noqa: PLC0415

    while not done.wait(2.0):
        try:
            world.reconcile()
        except ApplicationError as error:
            sys.stderr.write(f"while reconciling: {error.code}\n")
    connection.close()


def _settle(world: World) -> tuple[float, Judgement]:
    """Reconcile until nothing is open to doubt; returns how long that took."""
    from tests.drills.judge import judge  # noqa: PLC0415

    begun = time.monotonic()
    for _ in range(MOST_ROUNDS):
        world.reconcile()
        after = judge(world)
        if after.agrees:
            break
        time.sleep(1.0)
    return time.monotonic() - begun, after


if __name__ == "__main__":
    report("orders through faults", measure)

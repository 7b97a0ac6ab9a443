"""A hundred orders at once, near a limit: what is accepted never passes it."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.benchmarks.report import Figure, report
from tests.drills.surroundings import surroundings

if TYPE_CHECKING:
    from tests.drills.world import World

ROUNDS = 5 if "--quick" in sys.argv else 50
PROCESSES, THREADS = 4, 25
# 37 of the 100 orders fit below it, and a part of one more.
LIMIT, QUANTITY, PRICE = Decimal(16_720), "0.01", "45000"


def measure() -> list[Figure]:
    """Let them all come at once, round after round, and add up what was accepted."""
    with surroundings() as served:
        from tests.drills.world import (  # noqa: PLC0415 - needs Django
            paper_money_put,
            world_make,
        )

        world = world_make(served, mode="paper")
        paper_money_put(world)
        _limit_put(world)
        worst, accepted, odd = Decimal(0), 0, 0
        for number in range(ROUNDS):
            sums = _round(world, number)
            worst = max(worst, sums[0] - LIMIT)
            accepted += sums[1]
            odd += sums[2]
    value = (
        f"excess {max(worst, Decimal(0))}, {accepted} accepted, {odd} wrongly refused"
    )
    what = f"{PROCESSES * THREADS} orders at once, {ROUNDS} rounds"
    return [Figure(what, value, target="excess 0", met=worst <= 0 and odd == 0)]


def _limit_put(world: World) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from apps.risk.services.limits import limits_put  # noqa: PLC0415

    rules = {"max_position_notional": str(LIMIT), "price_collar": "0.5"}
    limits_put(
        actor=world.user,
        account_id=world.account.pk,
        rules=rules,
        expected=None,
        now=timezone.now(),
    )


def _round(world: World, number: int) -> tuple[Decimal, int, int]:
    """Return what was accepted, quote units and orders, and refusals that were wrong."""
    from apps.risk.models import Reservation  # noqa: PLC0415
    from apps.trading.models import Order  # noqa: PLC0415
    from tests.drills.world import fork_begin, prices_put  # noqa: PLC0415

    prices_put(world.served)
    children = [
        fork_begin(_places, world, f"{number} {one}") for one in range(PROCESSES)
    ]
    for child in children:
        os.waitpid(child, 0)
    resting = Order.objects.filter(account=world.account, ended_at__isnull=True)
    held = Reservation.objects.filter(account=world.account, released_at__isnull=True)
    total = max(
        sum((one.quantity * one.price for one in resting), Decimal(0)),
        sum((one.notional for one in held), Decimal(0)),
    )
    count = len(resting)
    fit = int(LIMIT / (Decimal(QUANTITY) * Decimal(PRICE)))
    _clear(world)
    return total, count, fit - count


def _places(world: World, name: str) -> None:
    """Place orders by many threads at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda one: _place(world, f"{name} {one}"), range(THREADS)))


def _place(world: World, key: str) -> None:
    from django.db import connection  # noqa: PLC0415

    from apps.core.errors import ApplicationError  # noqa: PLC0415
    from tests.drills.world import request_of  # noqa: PLC0415

    try:
        world.place(request_of(quantity=QUANTITY, price=PRICE), key=key)
    except ApplicationError as error:
        if error.code != "risk_refused":
            sys.stderr.write(f"{error.code}: {error.message}\n")
    finally:
        connection.close()


def _clear(world: World) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from apps.trading.models import Order  # noqa: PLC0415
    from apps.trading.services.cancelling import order_cancel_on  # noqa: PLC0415

    resting = Order.objects.filter(account=world.account, ended_at__isnull=True)
    for order in resting.select_related("account"):
        order_cancel_on(order=order, now=timezone.now())


if __name__ == "__main__":
    report("parallel orders at a limit", measure)

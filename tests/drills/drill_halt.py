"""The kill switch, while orders are being sent as fast as they can be."""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.benchmarks.report import Figure, report
from tests.drills.surroundings import surroundings

if TYPE_CHECKING:
    from apps.risk.models import RiskScope
    from tests.drills.world import World

TIMES = 2 if "--quick" in sys.argv else 5
PROCESSES, THREADS = 4, 8
SECONDS_BEFORE, SECONDS_AFTER = 3.0, 2.0


def measure() -> list[Figure]:
    """Engage it again and again; count what the exchange was sent afterwards."""
    with surroundings() as served:
        from tests.drills.world import world_make  # noqa: PLC0415 - needs Django

        world = world_make(served)
        late = asked = left = under_way = 0
        took = []
        for _ in range(TIMES):
            found = _once(world)
            late += found[0]
            asked += found[1]
            left += found[2]
            took.append(found[3])
            under_way += found[4]
    rate = asked / (TIMES * (SECONDS_BEFORE + SECONDS_AFTER))
    return [
        Figure(
            f"engaged {TIMES} times, {rate:.0f} orders/s asked for",
            f"{late} late sends",
            target="0",
            met=late == 0,
        ),
        Figure("on their way when it was committed", str(under_way)),
        Figure("left open at the exchange", str(left), target="0", met=left == 0),
        Figure("until the venue confirmed", f"{max(took):.1f} s at most"),
    ]


def _once(world: World) -> tuple[int, int, int, float, int]:
    """Return late sends, orders asked for, left open, seconds until clear, under way."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from apps.risk.services.halts import (  # noqa: PLC0415
        kill_switch_engage,
        kill_switch_release,
    )
    from tests.drills.world import prices_put  # noqa: PLC0415

    prices_put(world.served)
    seen = len(world.served.journal("order"))
    senders = [_sender_begin(world, number) for number in range(PROCESSES)]
    time.sleep(SECONDS_BEFORE)
    begun = time.monotonic()
    engaged = kill_switch_engage(
        actor=world.user,
        account_id=world.account.pk,
        reason="a drill",
        now=timezone.now(),
    )
    quiet = time.time()
    time.sleep(SECONDS_AFTER)
    for child, _ in senders:
        os.kill(child, signal.SIGTERM)
    asked = sum(_told(*sender) for sender in senders)
    connection.close()
    scope = _cleared(engaged)
    took = time.monotonic() - begun
    late, under_way = _late(world, seen, scope, quiet)
    told = world.served.account()["orders"]
    left = sum(each["status"] in {"NEW", "PARTIALLY_FILLED"} for each in told)
    kill_switch_release(
        actor=world.user,
        account_id=world.account.pk,
        reason="the drill is over",
        now=timezone.now(),
    )
    return late, asked, left, took, under_way


def _late(
    world: World, seen: int, scope: RiskScope, answered: float
) -> tuple[int, int]:
    """Count what the exchange took after the halt.

    Returns:
        Orders that came after it was quiet, which the kill switch had answered or said
        since; and orders that were on their way when it was committed.
    """
    quiet = scope.quiet_at.timestamp() if scope.quiet_at else answered
    halted = scope.halted_at
    assert halted is not None
    came = [each["at"] for each in world.served.journal("order")[seen:]]
    return sum(one > quiet for one in came), sum(
        halted.timestamp() < one <= quiet for one in came
    )


def _cleared(scope: RiskScope) -> RiskScope:
    """Follow the halt until the venue has confirmed that nothing is open."""
    from django.utils import timezone  # noqa: PLC0415

    from apps.trading.services.halting import halt_follow  # noqa: PLC0415

    until = time.monotonic() + 60
    while scope.cleared_at is None and time.monotonic() < until:
        halt_follow(scope=scope, now=timezone.now())
        scope.refresh_from_db()
        time.sleep(0.2)
    return scope


def _told(child: int, counted: int) -> int:
    """Return how many orders a sender has asked for, once it has ended."""
    with os.fdopen(counted) as told:
        count = int(told.read() or 0)
    os.waitpid(child, 0)
    return count


def _sender_begin(world: World, number: int) -> tuple[int, int]:
    """Send orders from a process of its own until SIGTERM.

    Returns:
        The process, and where it says how many it has asked for.
    """
    from tests.drills.world import fork_begin  # noqa: PLC0415

    counted, counts = os.pipe()
    child = fork_begin(_sends, world, number, counts)
    os.close(counts)
    return child, counted


def _sends(world: World, number: int, counts: int) -> None:
    ends: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: ends.append(True))
    with ThreadPoolExecutor(THREADS) as pool:
        sends = pool.map(lambda one: _send(world, ends, number, one), range(THREADS))
        os.write(counts, str(sum(sends)).encode())


def _send(world: World, ends: list[bool], number: int, thread: int) -> int:
    from django.db import connection  # noqa: PLC0415

    from apps.core.errors import ApplicationError  # noqa: PLC0415
    from tests.drills.world import request_of  # noqa: PLC0415

    made = 0
    while not ends:
        key = f"{number} {thread} {made} {time.monotonic_ns()}"
        try:
            world.place(request_of(price="45000"), key=key)
        except ApplicationError:
            # Refused by the halt: it is asked for again and again.
            time.sleep(0.002)
        made += 1
    connection.close()
    return made


if __name__ == "__main__":
    report("the kill switch", measure)

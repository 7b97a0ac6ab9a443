"""Processes that place orders are killed at every step of it, again and again."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tests.benchmarks.report import Figure, report
from tests.drills.surroundings import GRACE_SECONDS, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.drills.world import World

MOST_ROUNDS = 20
# An intent that is older was never sent: its process has ended.
NEVER_SENT = timedelta(seconds=65)
TIMES = 6 if "--quick" in sys.argv else 100
# Each step of placing an order: a function, and whether death comes before or after it.
_ADAPTER = "apps.exchanges.adapters.ccxt.account:CcxtAccount.order_place"
_SENDING = "apps.trading.services.sending"
STEPS: dict[str, tuple[str, str]] = {
    "before the intent is committed": (
        "apps.trading.services.order_writing:OrderWriter.write",
        "after",
    ),
    "after the intent": (f"{_SENDING}:sending_begin", "before"),
    "after it is marked as sent": (_ADAPTER, "before"),
    "while the exchange works on it": ("", "during"),
    "after the exchange took it": (_ADAPTER, "after"),
    "before the answer is committed": (
        "apps.trading.services.steps:_state_take",
        "after",
    ),
    "after the answer": (f"{_SENDING}:answer_take", "after"),
}


def measure() -> list[Figure]:
    """Kill at every step, let the client ask again, reconcile, and have it judged."""
    with surroundings() as served:
        from tests.drills.judge import judge  # noqa: PLC0415 - needs Django
        from tests.drills.world import forked, world_make  # noqa: PLC0415

        world = world_make(served)
        killed = {step: _kill(world, step) for step in STEPS}
        begun = time.monotonic()
        # Nobody may judge an order before it can no longer be on its way.
        time.sleep(NEVER_SENT.total_seconds())
        for _ in range(MOST_ROUNDS):
            # As after a restart: nothing of those that were killed is left in memory.
            forked(world.reconcile)
            found = judge(world)
            if found.agrees:
                break
            time.sleep(2 * GRACE_SECONDS)
        settled = time.monotonic() - begun
        figures = [_figure(world, step, count) for step, count in killed.items()]
    value = (
        f"doubled {found.doubled}, lost {found.lost}, unresolved {found.unresolved}, "
        f"executions off {found.executions}, states off {found.states}, "
        f"ledger off {found.difference or 0}"
    )
    return [
        *figures,
        Figure("by the exchange's ledger", value, target="all 0", met=found.agrees),
        Figure("all settled after the last kill", f"{settled:.0f} s"),
    ]


def _kill(world: World, step: str) -> int:
    """Kill at a step, again and again; returns how often that was done."""
    from tests.drills.world import forked, prices_put  # noqa: PLC0415

    prices_put(world.served)
    killed = 0
    for number in range(TIMES):
        key = f"{step} {number}"
        killed += forked(_victim, world, step, key) == -signal.SIGKILL
        if number % 2:
            # The client has no answer, and sends its request again.
            forked(_ask, world, key)
    return killed


def _figure(world: World, step: str, killed: int) -> Figure:
    """Return what became of the orders that died at a step."""
    from apps.trading.models import Order  # noqa: PLC0415
    from tests.drills.judge import UNRESOLVED  # noqa: PLC0415

    theirs = Counter(each["clientOrderId"] for each in world.served.account()["orders"])
    ours = Order.objects.filter(
        account=world.account, request_key__startswith=f"{step} "
    )
    states = Counter(one.state for one in ours)
    there = [theirs[one.client_order_id] for one in ours]
    odd = sum(states[one] for one in UNRESOLVED)
    doubled = sum(count > 1 for count in there)
    came = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return Figure(
        f"killed {step}",
        f"{killed} times: {sum(there)} at the exchange; {came or 'nothing'}",
        target=f"{TIMES} times, doubled 0, unresolved 0",
        met=killed == TIMES and not odd and not doubled,
    )


def _ask(world: World, key: str) -> None:
    """Place the order that a key stands for: one in four rests, the others fill."""
    from tests.drills.world import request_of  # noqa: PLC0415

    number = int(key.rsplit(" ", 1)[1])
    price = "45000" if number % 4 == 0 else None
    side = "sell" if number % 3 == 0 and price is None else "buy"
    world.place(request_of(side=side, price=price), key=key)


def _victim(world: World, step: str, key: str) -> None:
    target, when = STEPS[step]
    if when == "during":
        world.served.fault("slow", path="order", method="POST", times=1, seconds=0.3)
        _die_while_asked()
    else:
        _die_at(target, when)
    _ask(world, key)


def _die_while_asked() -> None:
    """Die 100 ms after the order is on its way, long before the answer."""
    from apps.exchanges.adapters.ccxt.account import CcxtAccount  # noqa: PLC0415
    from tests.drills.world import die  # noqa: PLC0415

    usual = CcxtAccount.order_place

    def placed(self: Any, request: Any) -> Any:
        threading.Timer(0.1, die).start()
        return usual(self, request)

    CcxtAccount.order_place = placed  # type: ignore[method-assign]


def _die_at(target: str, when: str) -> None:
    """Have this process die at a function."""
    from tests.drills.world import die  # noqa: PLC0415

    module, _, path = target.partition(":")
    owner: Any = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    usual: Callable[..., Any] = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            die()
        made = usual(*arguments, **named)
        die()
        return made

    setattr(owner, name, dying)


if __name__ == "__main__":
    report("killed while placing", measure)

"""One order posted many times at once, and keys that are used for something else."""

from __future__ import annotations

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from tests.benchmarks.report import Figure, report
from tests.benchmarks.service import service
from tests.drills.surroundings import surroundings

if TYPE_CHECKING:
    from tests.drills.world import World

POSTS, ROUNDS = 50, 4


def measure() -> list[Figure]:
    """Post them over HTTP to a whole service, and count what reached the exchange."""
    with surroundings() as served:
        from tests.drills.world import prices_kept, world_make  # noqa: PLC0415

        world = world_make(served)
        with service(web_processes=2) as (client, _), prices_kept():
            address = str(client._http.base_url)
            found = [_round(world, address, number) for number in range(ROUNDS)]
            reused, independent = _others(world, address)
    calls = max(one[0] for one in found)
    bodies = max(one[1] for one in found)
    statuses = sum((one[2] for one in found), Counter[int]())
    return [
        Figure(
            f"{POSTS} posts at once with one key, {ROUNDS} times: calls to the exchange",
            str(calls),
            target="1",
            met=calls == 1,
        ),
        Figure(
            "different bodies among the answers",
            str(bodies),
            target="1",
            met=bodies == 1,
        ),
        Figure(
            "statuses", ", ".join(f"{n} of {s}" for s, n in sorted(statuses.items()))
        ),
        Figure("same key, other body", str(reused), target="409", met=reused == 409),
        Figure(
            "same key, other user's account",
            str(independent),
            target="404",
            met=independent == 404,
        ),
    ]


def _round(world: World, address: str, number: int) -> tuple[int, int, Counter[int]]:
    """Return calls to the exchange, different bodies, and how often each status came."""
    from tests.drills.world import headers_of, order_body  # noqa: PLC0415

    headers = headers_of(world.user) | {"Idempotency-Key": f"round {number}"}
    seen = len(world.served.journal("order"))

    def post(_: int) -> httpx.Response:
        return httpx.post(
            f"{address}/api/v1/orders/",
            json=order_body(world),
            headers=headers,
            timeout=60,
        )

    with ThreadPoolExecutor(POSTS) as pool:
        answers = list(pool.map(post, range(POSTS)))
    good = {one.content for one in answers if one.is_success}
    calls = len(world.served.journal("order")) - seen
    return calls, len(good), Counter(one.status_code for one in answers)


def _others(world: World, address: str) -> tuple[int, int]:
    """Return the statuses of another body, and of another user, with a used key."""
    from apps.users.models import User  # noqa: PLC0415
    from tests.drills.world import headers_of, order_body  # noqa: PLC0415

    key = {"Idempotency-Key": "round 0"}
    where = f"{address}/api/v1/orders/"
    other = order_body(world) | {"quantity": "0.002"}
    reused = httpx.post(
        where, json=other, headers=headers_of(world.user) | key, timeout=60
    )
    stranger = User.objects.create_user(username=secrets.token_hex(4))
    theirs = httpx.post(
        where, json=order_body(world), headers=headers_of(stranger) | key, timeout=60
    )
    return reused.status_code, theirs.status_code


if __name__ == "__main__":
    report("the same order again and again", measure)

"""What goes wrong in life, done to the stack on purpose."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.journeys.service import follow
from tests.stack.compose import DOCKER, LASTING, Stack, StackError, command
from tests.stack.load import Load
from tests.stack.use import LEASE_SECONDS

if TYPE_CHECKING:
    from tests.stack.image import Say
    from tests.stack.load import Sample
    from tests.stack.use import Caller

RATE = 50.0
# More than this of what the stack can answer, and a queue of its own making is measured.
SHARE = 0.4
LASTING_IN_TURN = (
    "worker", "streams", "feed", "scheduler", "trading", "redis", "db", "app", "nginx",
)  # fmt: skip
# What no request waits for.
BEHIND = {"worker", "streams", "feed", "scheduler", "trading"}
# A request that waits for what is being restarted is answered at the latest by then.
GRACE_SECONDS = 12.0


def refusals_check(stack: Stack, say: Say) -> None:
    """Start it on placeholders, and see that nothing does start.

    Raises:
        StackError: It starts, or does not say what is wrong.
    """
    example = Path(stack.root) / ".env.example"
    careless = Stack(stack.root, f"{stack.project}-refused", example)
    environment = os.environ | {"ENV_FILE": str(example)}
    try:
        careless.compose("up", "-d", "db", env=environment)
    except StackError:
        said = careless.compose("logs", "certs", env=environment)
    else:
        raise StackError("the stack starts on placeholders")
    finally:
        careless.compose("down", "-v", env=environment)
    named = [
        n for n in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD") if n in said
    ]
    if len(named) < 3:
        raise StackError(f"not all placeholders are named: {said}")
    say(f"placeholders: refused, naming {', '.join(named)}")


def worker_kill(stack: Stack, caller: Caller, say: Say) -> None:
    """Kill the worker's container in the middle of a backtest.

    Raises:
        StackError: The job is lost.
    """
    asked = caller.client.post("/api/v1/backtests/", json=caller.body).json()
    where = asked["_links"]["job"]
    until = time.monotonic() + 20
    while caller.client.get(where).json()["state"] != "running":
        if time.monotonic() > until:
            raise StackError("the job does not begin")
        time.sleep(0.02)
    [container] = stack.containers("worker")
    command(DOCKER, "kill", "--signal", "KILL", container)
    killed = time.monotonic()
    # Docker restarts what dies by itself, not what was killed by hand.
    stack.compose("up", "-d", "worker")
    while caller.client.get(where).json()["attempt"] < 2:
        if time.monotonic() - killed > LEASE_SECONDS + 60:
            raise StackError("the killed worker's job does not run again")
        time.sleep(0.05)
    again = time.monotonic() - killed
    job = follow(caller.client, where, seconds=120)
    if job["state"] != "succeeded":
        raise StackError(f"after the kill the job is {job['state']}: {job['error']}")
    stack.wait_healthy("worker")
    say(
        f"worker killed in a backtest: attempt 2 after {again:.1f} s (its container "
        f"and the lease of {LEASE_SECONDS} s), succeeded"
    )


def restarts(stack: Stack, base: str, caller: Caller, say: Say) -> None:
    """Restart each service in turn under load; replace `app` without a failure.

    Raises:
        StackError: A request failed that should not have.
    """
    most = Load(base, caller.headers).capacity()
    rate = min(RATE, SHARE * most)
    say(f"load: {rate:.0f} requests a second, of the {most:.0f} that it answers here")
    for service in LASTING_IN_TURN:
        _restart(stack, service, Load(base, caller.headers, rate), say)
    with Load(base, caller.headers, rate) as load:
        time.sleep(2)
        started = time.monotonic()
        _roll(stack)
        seconds = time.monotonic() - started
        time.sleep(2)
    if failures := load.failures():
        raise StackError(f"a rolling restart failed requests: {_told(failures)}")
    say(
        f"rolling restart of app at {rate:.0f}/s: {len(load.samples)} requests, none "
        f"failed, {seconds:.0f} s; p50 {load.percentile(0.5) * 1000:.0f} ms, "
        f"p99 {load.percentile(0.99) * 1000:.0f} ms"
    )


def _restart(stack: Stack, service: str, load: Load, say: Say) -> None:
    with load:
        time.sleep(1)
        started = time.monotonic()
        stack.compose("restart", "--timeout", "30", service)
        stack.wait_healthy(*LASTING)
        healthy = time.monotonic()
        time.sleep(3)
    failures = load.failures()
    late = [sample for sample in failures if sample.at > healthy + 1]
    long = [s for s in failures if s.seconds > healthy - started + GRACE_SECONDS]
    if late or long:
        raise StackError(
            f"{service}: failures outlast its restart: {_told(late + long)}"
        )
    if service in BEHIND and failures:
        raise StackError(f"{service}: its restart fails others: {_told(failures)}")
    say(
        f"restart of {service}: healthy after {healthy - started:.1f} s; "
        f"{len(failures)} of {len(load.samples)} requests failed meanwhile"
        f"{' ' + _told(failures) if failures else ''}, none after"
    )


def _told(samples: list[Sample]) -> str:
    return str(dict(Counter(sample.outcome for sample in samples)))


def _roll(stack: Stack) -> None:
    environment = os.environ | {"COMPOSE": " ".join(stack.program()), "DOCKER": DOCKER}
    done = subprocess.run(  # noqa: S603
        [str(Path(stack.root) / "docker" / "roll"), "app"],
        cwd=stack.root,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise StackError(f"docker/roll: {done.stderr[-1000:]}")

"""What is told to readers, in a process of its own, for `bench_streams`.

python -m tests.benchmarks.stream_writers events --owner <id> --rate 50
python -m tests.benchmarks.stream_writers prices --channel tickers:x --rate 5000
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import UUID

import django

FAILS = 0.1
TICK_SECONDS = 0.005


class _Undone(Exception):  # noqa: N818
    """Undoes a transaction."""


def events(options: Any, stop: Event) -> None:
    """Record events of one user, some of whose transactions fail."""
    from django.db import transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from apps.core.outbox.recording import event_record  # noqa: PLC0415

    owner, number = UUID(options.owner), 0
    while not stop.is_set():
        with suppress(_Undone), transaction.atomic():
            number += 1
            event_record(
                owner=owner,
                topic="jobs",
                name="queued",
                body={"n": number},
                now=timezone.now(),
            )
            if random.random() < FAILS:  # noqa: S311 - not for secrets
                raise _Undone
        time.sleep(random.expovariate(options.rate))


async def prices(options: Any, stop: Event) -> None:
    """Update symbols in turn, as the feed does: the newest of each is written."""
    from apps.market.live.publishing import Publisher  # noqa: PLC0415
    from apps.stream.latest import latest_store  # noqa: PLC0415

    publisher = Publisher(latest_store())
    symbols = options.symbols.split(",")
    running = asyncio.create_task(publisher.run())
    begun, number = time.monotonic(), 0
    while not stop.is_set():
        due = int((time.monotonic() - begun) * options.rate)
        while number < due:
            symbol, at = symbols[number % len(symbols)], time.time_ns()
            publisher.put(options.channel, symbol, partial(_body, symbol, at), at)
            number += 1
        await asyncio.sleep(TICK_SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    print(number)


def _body(symbol: str, at: int) -> bytes:
    # As long as a ticker is.
    return (
        f'{{"symbol":"{symbol}","last":"67123.45000000","bid":"67123.44000000",'
        f'"ask":"67123.46000000","bid_quantity":"1.23456000",'
        f'"ask_quantity":"0.65432000","base_volume":"12345.67890000",'
        f'"venue_time":"2026-01-01T12:00:00.123000Z",'
        f'"received_at":"2026-01-01T12:00:00.123456Z","t":{at}}}'
    ).encode()


def main(options: Any) -> None:
    """Write until standard input has a line."""
    stop = Event()

    def wait() -> None:
        sys.stdin.readline()
        stop.set()

    Thread(target=wait, daemon=True).start()
    if options.what == "events":
        events(options, stop)
    else:
        asyncio.run(prices(options, stop))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("events", "prices"))
    parser.add_argument("--owner", default="")
    parser.add_argument("--channel", default="tickers:simulated")
    parser.add_argument("--symbols", default="")
    parser.add_argument("--rate", type=float, required=True)
    arguments = parser.parse_args()
    django.setup()
    main(arguments)

"""The exchange as a program: `python -m tests.exchange_server --port 0`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

import orjson
import uvloop

from tests.exchange_server.exchange import Exchange, ExchangeOptions
from tests.exchange_server.server import Server


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="exchange_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--control-port", type=int, default=0, help="likewise")
    parser.add_argument("--symbols", type=int, default=30, help="markets traded")
    parser.add_argument("--seed", type=int, default=0, help="what the past is drawn by")
    parser.add_argument("--now-ms", type=int, help="where the past ends; else it runs")
    parser.add_argument(
        "--ticker-rate", type=float, default=0, help="ticker updates per second in all"
    )
    parser.add_argument("--weight-limit", type=int, help="request weight per minute")
    return parser.parse_args()


async def _parent_gone(parent: int) -> None:
    """Return when the process that started this one has ended."""
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


async def _run(options: argparse.Namespace, parent: int) -> None:
    exchange = Exchange(
        ExchangeOptions(
            symbols=options.symbols,
            seed=options.seed,
            now_ms=options.now_ms,
            ticker_rate=options.ticker_rate,
            weight_limit=options.weight_limit,
        )
    )
    server = Server(exchange, options.port, options.control_port)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ended.set)
    await server.start()
    told = {
        "url": server.url,
        "ws_url": server.ws_url,
        "ws_api_url": server.ws_api_url,
        "control_url": server.control_url,
    }
    sys.stdout.write(orjson.dumps(told).decode() + "\n")
    sys.stdout.flush()
    waits = {
        asyncio.ensure_future(ended.wait()),
        asyncio.ensure_future(_parent_gone(parent)),
    }
    _, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in left:
        each.cancel()
    await server.stop()


if __name__ == "__main__":
    uvloop.run(_run(_options(), os.getppid()))

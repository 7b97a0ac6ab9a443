"""Holds prices fresh."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import uuid
from argparse import RawDescriptionHelpFormatter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import setproctitle
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from apps.core.database import database_require
from apps.core.errors import ApplicationError
from apps.market.exchanges import exchange_config
from apps.market.live.feed import Feed, FeedOptions
from apps.market.selectors.demand import Wanted
from apps.stream.latest import latest_store

if TYPE_CHECKING:
    from argparse import ArgumentParser

logger = logging.getLogger(__name__)

_EXAMPLE = """examples:
  manage.py run_streams
  manage.py run_streams --exchange binance --tickers BTC/USDT,ETH/USDT --seconds 60
"""
KINDS = ("tickers", "books", "trades")


class Command(BaseCommand):
    """`manage.py run_streams`."""

    help = (
        "Hold fresh the tickers, order books and trades that somebody wants, and record "
        "them where asked, until stopped. A second one stands by."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument(
            "--exchange",
            action="append",
            default=[],
            help="Serve this exchange only; may be given more than once (all).",
        )
        for kind in KINDS:
            parser.add_argument(
                f"--{kind}",
                default="",
                help=f"Markets whose {kind} are held fresh at all times, with commas "
                "between; needs exactly one --exchange.",
            )
        parser.add_argument(
            "--sign",
            type=Path,
            help="A file to touch while it is well, for a probe to look at.",
        )
        parser.add_argument(
            "--seconds", type=float, help="End after so long (until stopped)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM, Ctrl-C or the end of the time given."""
        only = tuple(dict.fromkeys(options["exchange"]))
        fixed = {
            kind: [one.strip() for one in options[kind].split(",") if one.strip()]
            for kind in KINDS
        }
        if any(fixed.values()) and len(only) != 1:
            msg = "--tickers, --books and --trades need exactly one --exchange"
            raise CommandError(msg)
        try:
            for exchange in only:
                exchange_config(exchange)
        except ApplicationError as error:
            raise CommandError(error.message) from error
        database_require()
        always = {}
        if any(fixed.values()):
            always[only[0]] = Wanted(
                tickers=fixed["tickers"], books=fixed["books"], trades=fixed["trades"]
            )
        feed = Feed(
            latest_store(),
            FeedOptions(
                holder=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
                always=always,
                only=only,
                sign=options["sign"],
                tell=self._tell,
            ),
        )
        setproctitle.setproctitle("parallax: streams")
        code = 1
        try:
            # Not closed: it would wait for calls that hang.
            asyncio.Runner().run(_run(feed, options["seconds"]))
            self._tell("ended")
            code = 0
        except Exception:
            logger.exception("the feed failed")
        finally:
            _leave(code)

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _leave(code: int) -> NoReturn:
    """End the process now: Python would wait for each thread in which a call hangs."""
    with suppress(OSError, DatabaseError):
        connections.close_all()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


async def _run(feed: Feed, seconds: float | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    await feed.run(stop)

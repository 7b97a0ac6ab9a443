"""Import a captured order book from the command line."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import ApplicationError
from apps.engines.captures import CaptureLayout
from apps.jobs.supervisor import WORKER
from apps.market.management.rules_arguments import rules_add, rules_of
from apps.market.moments import iso_from_ns, ns_from_datetime
from apps.market.requests import CaptureImportRequest
from apps.market.selectors import CAPTURE_ENGINE
from apps.market.services import CaptureSource, capture_import, engine_check
from apps.market.services.work import ImportWork
from apps.users.selectors import user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from apps.market.models import BookCapture

_EXAMPLE = """example:
  manage.py import_capture btcusdt_20240808.gz --venue binance --symbol BTC/USDT:USDT
"""


class Command(BaseCommand):
    """Imports a captured order book; exits with 1 when it is refused."""

    help = "Import a captured order book: Binance USDT-M raw, Tardis CSV, hftbacktest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument("file", type=Path, help="the capture; of Tardis, the book")
        parser.add_argument("--trades", type=Path, help="Tardis's trades beside it")
        parser.add_argument("--venue", required=True, help="such as binance")
        parser.add_argument("--symbol", required=True, help="such as BTC/USDT:USDT")
        parser.add_argument(
            "--layout",
            type=CaptureLayout,
            choices=list(CaptureLayout),
            help="found by the bytes when left out",
        )
        rules_add(parser)
        parser.add_argument("--user", help="the owner; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the capture and say what was found."""
        files = [one for one in (options["file"], options["trades"]) if one]
        try:
            engine_check()
            capture = capture_import(
                actor=user_named(name=options["user"]),
                sources=[CaptureSource(path, path.name) for path in files],
                request=CaptureImportRequest(
                    venue=options["venue"],
                    symbol=options["symbol"],
                    layout=options["layout"],
                    rules=rules_of(options),
                ),
                locate=partial(WORKER.resource, "engine", CAPTURE_ENGINE),
                work=ImportWork(progress=self._progress),
            )
        except ApplicationError as error:
            msg = f"{options['file'].name}: {error.message} [{error.code}]"
            raise CommandError(msg) from error
        finally:
            WORKER.close()
        self.stdout.write(_summary(capture))

    def _progress(self, fraction: float, message: str) -> None:
        self.stderr.write(f"{fraction:4.0%}  {message}")


def _summary(capture: BookCapture) -> str:
    first, last = (
        iso_from_ns(ns_from_datetime(one)) for one in (capture.first, capture.last)
    )
    return "\n".join(
        [
            f"{capture} ({capture.pk})",
            f"  stored      {capture.rows:,} rows, {first} to {last}",
            f"  read        as {capture.layout}",
            f"  book        {capture.depth_rows:,} changes at {capture.moments:,} "
            f"moments, crossed at {capture.crossed:,}",
            f"  trades      {capture.trade_rows:,}",
            f"  clock       moved on by {capture.clock_shift_ns:,} ns",
            f"  sha256      {capture.sha256}",
            *(f"  finding     {one}" for one in capture.findings),
        ]
    )

"""Fetch candles of an exchange from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from apps.core.errors import ApplicationError
from apps.market.enums import Timeframe
from apps.market.filling.request import BackfillRequest, symbols_parse
from apps.market.services.backfill import candles_backfill
from apps.market.services.backfill_run import BackfillWork
from apps.users.selectors import user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser

_EXAMPLE = """example:
  manage.py backfill --exchange binance --symbols BTC/USDT,ETH/USDT --timeframe 1h \\
      --start 2024-01-01
"""


class Command(BaseCommand):
    """Fetches candles in this process; exits with 1 when a market failed."""

    help = "Fetch candles of many markets from an exchange; what is stored is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument("--exchange", required=True, help="its id, such as binance")
        parser.add_argument(
            "--symbols", required=True, help="such as BTC/USDT,ETH/USDT; up to 200"
        )
        parser.add_argument(
            "--timeframe",
            required=True,
            action="append",
            type=Timeframe,
            choices=list(Timeframe),
            help="the bars' length; may be given several times",
        )
        parser.add_argument(
            "--start", required=True, type=_moment, help="such as 2024-01-01, UTC"
        )
        parser.add_argument(
            "--end", type=_moment, help="exclusive; up to the last whole bar"
        )
        parser.add_argument(
            "--replace", action="store_true", help="ask anew, overwrite what differs"
        )
        parser.add_argument(
            "--recheck-gaps", action="store_true", help="ask for confirmed gaps again"
        )
        parser.add_argument("--user", help="the owner; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fetch, and say what became of each market."""
        console = Console(stderr=True)
        try:
            request = BackfillRequest(
                exchange=options["exchange"].strip().lower(),
                symbols=symbols_parse(options["symbols"].split(",")),
                timeframes=tuple(dict.fromkeys(options["timeframe"])),
                start=options["start"],
                end=options["end"],
                replace=options["replace"],
                recheck_gaps=options["recheck_gaps"],
            )
            with _bar(console) as bar:
                task = bar.add_task("asking the exchange", total=1.0)
                result = candles_backfill(
                    actor=user_named(name=options["user"]),
                    request=request,
                    now=timezone.now(),
                    work=BackfillWork(
                        progress=lambda share, words: bar.update(
                            task, completed=share, description=words
                        )
                    ),
                )
                bar.update(task, completed=1.0, description="done")
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        for outcome in result["markets"]:
            self.stdout.write(_line(outcome))
        self.stdout.write(
            f"{result['added']:,} bars stored, {result['calls']:,} calls, "
            f"{result['calls_repeated']:,} of them repeated"
        )
        if result["failed"]:
            count = len(result["markets"])
            msg = f"{result['failed']} of {count} could not be fetched"
            raise CommandError(msg)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=console,
        transient=True,
    )


def _line(outcome: dict[str, Any]) -> str:
    name = f"{outcome['symbol']} {outcome['timeframe']}"
    if outcome["error"] is not None:
        error = outcome["error"]
        return f"{name:<20} failed     {error['detail']} [{error['code']}]"
    lines = [
        f"{name:<20} {outcome['status']:<10} {outcome['added']:,} bars added, "
        f"{outcome['rows']:,} from {outcome['first']} to {outcome['last']}, "
        f"{outcome['gaps']['holes']:,} holes"
    ]
    return "\n".join(
        [*lines, *(f"{'':<20} {'':<10} {note}" for note in outcome["notes"])]
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no moment; write 2024-01-01 or 2024-01-01T12:00:00Z"
        raise ArgumentTypeError(msg) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

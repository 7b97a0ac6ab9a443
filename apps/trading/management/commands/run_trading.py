"""Keeps accounts and their venues in agreement."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from apps.core.database import database_require
from apps.trading.process import TradingProcess

if TYPE_CHECKING:
    from argparse import ArgumentParser

_EXAMPLE = """example:
  manage.py run_trading --sign /tmp/trading.sign
"""


class Command(BaseCommand):
    """`manage.py run_trading`; several may run, they do each other no harm."""

    help = (
        "Match paper orders, find out what became of orders whose answer was lost, "
        "compare accounts with their venues, and follow halts, until stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument(
            "--sign",
            type=Path,
            help="a file to touch each time that it has looked, for a probe to look at",
        )
        parser.add_argument(
            "--seconds", type=float, help="stop after so long; until told to otherwise"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        database_require()
        TradingProcess(sign=options["sign"], seconds=options["seconds"]).run()

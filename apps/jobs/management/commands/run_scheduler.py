"""Enqueues what is due, and does the service's own upkeep."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from apps.core.database import database_require
from apps.jobs.scheduler import Scheduler

if TYPE_CHECKING:
    from argparse import ArgumentParser

_EXAMPLE = """example:
  manage.py run_scheduler --sign /tmp/scheduler.sign
"""


class Command(BaseCommand):
    """`manage.py run_scheduler`; several may run, each due moment is seen to once."""

    help = "Enqueue the jobs of schedules that are due, until stopped."

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
        Scheduler(sign=options["sign"], seconds=options["seconds"]).run()

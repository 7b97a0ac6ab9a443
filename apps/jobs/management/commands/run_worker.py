"""Runs background jobs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.database import database_require
from apps.jobs.enums import JobQueue
from apps.jobs.worker import Keeper

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """`manage.py run_worker --processes 2 --queues backtest`."""

    help = (
        "Run background jobs until stopped. "
        "Example: manage.py run_worker --processes 2 --queues default,backtest"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--processes",
            type=int,
            default=1,
            help="Jobs of each queue at the same time (1).",
        )
        parser.add_argument(
            "--queues",
            default="default,backtest",
            help="Queues to take from, separated by commas (default,backtest).",
        )
        parser.add_argument(
            "--sign",
            type=Path,
            help="A file to touch each second while it works, for a probe to look at.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or Ctrl-C."""
        queues = [name.strip() for name in options["queues"].split(",") if name.strip()]
        unknown = sorted(set(queues) - set(JobQueue.values))
        if unknown or not queues:
            msg = f"unknown queues {unknown}; known: {', '.join(JobQueue.values)}"
            raise CommandError(msg)
        if options["processes"] < 1:
            msg = "--processes must be at least 1"
            raise CommandError(msg)
        database_require()
        Keeper(
            processes=options["processes"], queues=queues, sign=options["sign"]
        ).run()

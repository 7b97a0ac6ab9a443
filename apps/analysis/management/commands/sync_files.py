"""Bring this machine's files and the bucket together."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.analysis.selectors.backtests import RESULTS
from apps.analysis.selectors.market_making import MARKET_MAKING
from apps.analysis.selectors.parity import PARITY
from apps.core.errors import ApplicationError
from apps.core.files import copies_trim, files_shared, folder_upload
from apps.market.store.paths import CANDLES, CAPTURES, UPLOADS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_ROOMS = (CANDLES, CAPTURES, UPLOADS, RESULTS, PARITY, MARKET_MAKING)
_DAY_SECONDS = 86_400
_EXAMPLE = """examples:
  manage.py sync_files                   after S3_BUCKET was set for the first time
  manage.py sync_files --trim-days 7     every day, so that copies do not grow for ever
"""


class Command(BaseCommand):
    """Uploads what the bucket lacks, and removes copies that it has."""

    help = "Upload stored files that the bucket lacks; with --trim-days, remove copies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument(
            "--trim-days",
            type=int,
            help="remove copies here that the bucket has and that are older than this; "
            "they are fetched again when they are read",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Upload, then trim, and say how much."""
        days = options["trim_days"]
        if not files_shared():
            msg = "There is no bucket; set S3_BUCKET."
            raise CommandError(msg)
        if days is not None and days < 1:
            msg = "--trim-days must be 1 or more: a job may be at work on younger ones."
            raise CommandError(msg)
        try:
            for room in _ROOMS:
                uploaded = folder_upload(room)
                self.stdout.write(f"{room:<14} {uploaded:>6,} uploaded", ending="")
                if days is not None:
                    before = timezone.now().timestamp() - days * _DAY_SECONDS
                    removed = copies_trim(room, before=before)
                    self.stdout.write(f" {removed:>6,} copies removed", ending="")
                self.stdout.write("")
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error

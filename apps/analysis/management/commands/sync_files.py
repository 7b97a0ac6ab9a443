"""Bring this machine's files and the bucket together."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.analysis.selectors.backtests import RESULTS
from apps.analysis.selectors.market_making import MARKET_MAKING
from apps.analysis.selectors.parity import PARITY
from apps.core.backup import files_named
from apps.core.errors import ApplicationError
from apps.core.files import (
    copies_lacking,
    copies_trim,
    file_path,
    file_publish,
    files_shared,
)
from apps.market.store.paths import CANDLES, CAPTURES, UPLOADS

if TYPE_CHECKING:
    from argparse import ArgumentParser

_ROOMS = (CANDLES, CAPTURES, RESULTS, PARITY, MARKET_MAKING)
_DAY_SECONDS = 86_400
_EXAMPLE = """examples:
  manage.py sync_files                   after S3_BUCKET was set for the first time
  manage.py sync_files --trim-days 7     every day, so that copies do not grow for ever
"""


class Command(BaseCommand):
    """Uploads what rows name and the bucket lacks, and removes old copies."""

    help = (
        "Upload files that the database names and the bucket lacks; with --trim-days, "
        "remove old copies. Uploads that wait for their import are not uploaded: "
        "let imports end before the bucket is set."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument(
            "--trim-days",
            type=int,
            help="remove copies here that were not used for so long and that the bucket "
            "has, which are fetched again when they are read, or that neither it nor "
            "the database knows",
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
            self._sync(days)
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error

    def _sync(self, days: int | None) -> None:
        lacking = {room: copies_lacking(room) for room in _ROOMS}
        # After the bucket was looked at: a file that is deleted meanwhile is not named.
        named = {one.path for one in files_named()}
        for room in _ROOMS:
            wanted = [path for path in lacking[room] if path in named]
            uploaded = sum(_upload(path) for path in wanted)
            self.stdout.write(f"{room:<14} {uploaded:>6,} uploaded", ending="")
            if days is not None:
                removed = copies_trim(room, before=_before(days), named=named)
                self.stdout.write(f" {removed:>6,} copies removed", ending="")
            self.stdout.write("")
        if days is not None:
            # No row names them, but a job may wait for one.
            removed = copies_trim(UPLOADS, before=_before(days))
            self.stdout.write(f"{UPLOADS:<14} {removed:>22,} copies removed")


def _upload(path: str) -> bool:
    there = file_path(path).is_file()
    if there:  # not deleted meanwhile
        file_publish(path)
    return there


def _before(days: int) -> float:
    return timezone.now().timestamp() - days * _DAY_SECONDS

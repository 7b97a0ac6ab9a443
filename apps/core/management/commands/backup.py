"""Makes a backup of database and files."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.backup.making import backup_make
from apps.core.backup.progress import MIB
from apps.core.errors import ApplicationError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """`manage.py backup --keep 7`; exits with 1 when none was made."""

    help = (
        "Write database, candles, captures and results into one verified archive while "
        "the service runs. Sessions and tokens are left out: people sign in again. "
        "Example: manage.py backup --to /backups --keep 7"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--to", type=Path, help="the folder (BACKUP_DIR)")
        parser.add_argument(
            "--keep", type=_number, help="archives to keep, this one included (all)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the backup and say what is in it."""
        try:
            made = backup_make(
                folder=options["to"] or Path(settings.BACKUP_DIR),
                now=timezone.now(),
                keep=options["keep"],
                say=self.stderr.write,
            )
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        self.stdout.write(
            f"{made.path}: {made.rows:,} rows and {made.files:,} files, "
            f"{made.size / MIB:,.1f} MiB, verified"
        )
        self.stdout.write(f"  left out    {', '.join(made.left_out)}")
        for path in made.pruned:
            self.stdout.write(f"  removed     {path.name}")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        msg = f"{text!r} is not a number from 1 on"
        raise ArgumentTypeError(msg)
    return int(text)

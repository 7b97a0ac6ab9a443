"""Brings a backup back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.backup.database import database_name
from apps.core.backup.restoring import backup_restore
from apps.core.errors import ApplicationError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """`manage.py restore ARCHIVE`; exits with 1 when nothing came back."""

    help = (
        "Verify an archive of manage.py backup and bring it back into an empty database "
        "and DATA_DIR; stop the service first. "
        "Example: manage.py restore /backups/parallax-20260101T000000Z.tar"
    )
    # The database may have no tables yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("archive", type=Path, help="what manage.py backup wrote")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="drop what is in the database; asks for its name",
        )
        parser.add_argument(
            "--yes", action="store_true", help="with --replace: do not ask"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, and say what came back."""
        if options["replace"] and not options["yes"]:
            self._ask()
        try:
            restored = backup_restore(
                archive=options["archive"],
                replace=options["replace"],
                say=self.stderr.write,
            )
        except OSError as error:
            where = error.filename or options["archive"]
            raise CommandError(f"{where}: {error.strerror or error}") from error
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        self.stdout.write(
            f"{options['archive'].name}, taken {restored.created_at}: "
            f"{restored.rows:,} rows and {restored.files:,} files are back"
        )
        self.stdout.write(f"  left out    {', '.join(restored.left_out)}")
        for step in restored.steps:
            self.stdout.write(f"  {step}")

    def _ask(self) -> None:
        name = database_name()
        self.stdout.write(f"All that is in the database {name} is going to be dropped.")
        try:
            typed = input("Type its name to go on: ")
        except EOFError:
            typed = ""
        if typed.strip() != name:
            msg = "That is not its name; nothing was changed. --yes does not ask."
            raise CommandError(msg)

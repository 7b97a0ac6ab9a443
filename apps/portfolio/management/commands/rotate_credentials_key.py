"""Seals the keys of all accounts with a new CREDENTIALS_KEY."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.portfolio.services.resealing import credentials_reseal

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from apps.portfolio.services.resealing import Resealed

EXAMPLE = """example:
  1. move the value of CREDENTIALS_KEY to CREDENTIALS_KEYS_OLD, set a new one
     (manage.py make_env --stdout prints one), and restart the service
  2. manage.py rotate_credentials_key --dry-run
  3. manage.py rotate_credentials_key
  4. drop the old value from CREDENTIALS_KEYS_OLD
"""


class Command(BaseCommand):
    """Exits with 1 where keys of an account could not be opened."""

    help = (
        "Seal the keys of all accounts with CREDENTIALS_KEY; those that were sealed with "
        "a value of CREDENTIALS_KEYS_OLD are opened with it first. It may be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        parser.add_argument(
            "--dry-run", action="store_true", help="only open and count them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal them anew, and say whether the old key may go."""
        try:
            done = credentials_reseal(now=timezone.now(), dry_run=options["dry_run"])
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        verb = "would be sealed" if options["dry_run"] else "were sealed"
        self.stdout.write(
            f"{done.changed} {verb} with the key {done.key_id}, "
            f"{done.kept} were sealed with it before"
        )
        if done.broken:
            raise CommandError(_broken(done))
        if not options["dry_run"]:
            self.stdout.write("CREDENTIALS_KEYS_OLD is not needed any more.")
        elif done.changed:
            self.stdout.write("CREDENTIALS_KEYS_OLD is still needed.")


def _broken(done: Resealed) -> str:
    accounts = "\n".join(f"  account {one}" for one in done.broken)
    return (
        f"The keys of {len(done.broken)} accounts could not be opened and were left as "
        f"they are:\n{accounts}\nKeep CREDENTIALS_KEYS_OLD; add the value that they were "
        "sealed with, or store their keys again."
    )

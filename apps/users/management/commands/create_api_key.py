"""Make an API key from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.users.enums import ApiKeyScope
from apps.users.selectors import user_named
from apps.users.services import api_key_create

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLE = """example:
  KEY=$(manage.py create_api_key --user ada --name "night job" --scope trade \\
    --expires-in-days 90 --allow 10.0.0.0/8)
"""
MOST_DAYS = 3650


class Command(BaseCommand):
    """Prints the key alone on stdout; exits with 1 when there is none."""

    help = "Make an API key; it is printed once, and kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        parser.add_argument("--user", help="the owner; needed where there are several")
        parser.add_argument("--name", required=True, help="what you call it")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=ApiKeyScope.values,
            help="what it may do; may be given several times",
        )
        parser.add_argument("--expires-in-days", type=_days, help="never when left out")
        parser.add_argument(
            "--allow",
            action="append",
            default=[],
            metavar="NETWORK",
            help="where it may be used from, such as 10.0.0.0/8; several times; "
            "from everywhere when left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key, print it, and say beside it what it may."""
        now = timezone.now()
        days = options["expires_in_days"]
        try:
            key, text = api_key_create(
                actor=user_named(name=options["user"]),
                by=None,
                name=options["name"],
                scopes=options["scope"],
                expires_at=None if days is None else now + timedelta(days=days),
                allowed_addresses=options["allow"],
                now=now,
            )
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        until = "it never expires" if days is None else f"until {key.expires_at}"
        where = ", ".join(key.allowed_addresses) or "everywhere"
        self.stderr.write(
            f"{key} of {key.owner.username}: {', '.join(key.scopes)}, {until}, "
            f"from {where}. It is shown only now."
        )
        self.stdout.write(text)


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_DAYS)):
        days = int(text)
        if 1 <= days <= MOST_DAYS:
            return days
    msg = f"{text!r} is no whole number of days from 1 to {MOST_DAYS}"
    raise ArgumentTypeError(msg)

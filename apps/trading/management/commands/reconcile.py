"""Compares accounts with their venues, once, and prints what was found."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.database import database_require
from apps.core.errors import ApplicationError
from apps.portfolio.models import Account
from apps.trading.enums import ReconciliationState
from apps.trading.services.reconciling_in_turn import account_reconcile_in_turn

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from apps.trading.models import Reconciliation

_EXAMPLE = """examples:
  manage.py reconcile --all
  manage.py reconcile --account 8c4b0d5e-7a53-4d43-9d0c-0a4b7a3fce11

exits with 1 where a difference is unexplained, or an account could not be compared
"""


class Command(BaseCommand):
    """`manage.py reconcile`."""

    help = "Compare accounts with their venues now, and print what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--account",
            type=UUID,
            action="append",
            default=[],
            help="this account; may be given more than once",
        )
        which.add_argument(
            "--all", action="store_true", help="every account that is not closed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare one account after the other."""
        database_require()
        accounts = Account.objects.order_by("created_at", "id")
        if options["all"]:
            accounts = accounts.filter(closed_at__isnull=True)
        else:
            accounts = accounts.filter(pk__in=options["account"])
        found = list(accounts)
        missing = set(options["account"]) - {one.pk for one in found}
        if missing:
            msg = f"There is no account {', '.join(sorted(map(str, missing)))}."
            raise CommandError(msg)
        agree = [self._agrees(account) for account in found]
        if not all(agree):
            sys.exit(1)

    def _agrees(self, account: Account) -> bool:
        """Compare an account, print what came of it, and say whether all is well."""
        title = f"{account.name} ({account.mode}, {account.exchange}, {account.pk})"
        try:
            row = account_reconcile_in_turn(
                account=account, now=timezone.now(), waiting=self.stdout.write
            )
        except ApplicationError as error:
            self.stdout.write(f"{title}: {error.message}")
            return False
        done = row.state == ReconciliationState.DONE.value
        self.stdout.write(f"{title}: {_summary(row) if done else row.error_message}")
        for one in row.findings:
            ours, theirs = one["ours"] or "-", one["theirs"] or "-"
            then = f" -> {one['done']}" if one["done"] else ""
            self.stdout.write(
                f"  {one['kind']} {one['subject']}: ours {ours}, theirs {theirs}{then}"
            )
        return done and not row.unexplained


def _summary(row: Reconciliation) -> str:
    verdict = "A DIFFERENCE IS UNEXPLAINED" if row.unexplained else "agrees"
    return (
        f"{verdict}; {row.orders_looked_at} orders looked at, {row.settled} settled, "
        f"{row.unsettled} unsettled, {row.adopted} adopted, "
        f"{row.executions_applied} executions applied"
    )

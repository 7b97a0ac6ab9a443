"""Check ledgers from the command line."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.portfolio.models import Account
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.services.rebuild import ledger_rebuild
from apps.portfolio.services.venue_comparing import venue_compare
from apps.portfolio.venues import account_port

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from apps.portfolio.findings import Finding

_EXAMPLE = """example:
  manage.py check_ledger --all
  manage.py check_ledger --account 3f1c5a0e-6f0b-4a53-9f0e-8f9d0a3f2c11 --venue

Without --rebuild nothing is changed. With it, balances, positions and lots are made anew
from the entries where they differ; entries are never changed by anything.
"""


class Command(BaseCommand):
    """Checks ledgers; exits with 1 when anything is wrong."""

    help = (
        "Check that ledgers are whole: numbers without a gap, entries that sum to zero, "
        "and balances and positions that are what the entries make."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--account", type=UUID, action="append", help="an account's id; repeatable"
        )
        which.add_argument("--all", action="store_true", help="every account")
        parser.add_argument(
            "--venue",
            action="store_true",
            help="compare with the venue's balances and executions as well",
        )
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="make balances, positions and lots anew where they differ",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each account and say what was found."""
        wrong = 0
        accounts = self._accounts(options["account"])
        for account in accounts:
            self.stdout.write(f"{account.pk} {account.name} ({account.mode})")
            if options["rebuild"]:
                self._rebuild(account)
            wrong += self._check(account)
            if options["venue"]:
                wrong += self._compare(account)
        if wrong:
            msg = f"{wrong} finding(s) in {len(accounts)} account(s)."
            raise CommandError(msg)
        self.stdout.write(f"{len(accounts)} account(s), nothing wrong.")

    def _accounts(self, ids: Sequence[UUID] | None) -> list[Account]:
        rows = Account.objects.order_by("created_at", "id")
        if ids is None:
            return list(rows)
        found = list(rows.filter(pk__in=ids))
        if missing := set(ids) - {one.pk for one in found}:
            msg = f"There is no account {', '.join(sorted(map(str, missing)))}."
            raise CommandError(msg)
        return found

    def _rebuild(self, account: Account) -> None:
        rebuilt = ledger_rebuild(account=account, progress=self._progress)
        told = f"  made anew from {rebuilt.entries} entries; {rebuilt.count} differed"
        self.stdout.write(told)
        self._tell(rebuilt.differences, rebuilt.count)

    def _check(self, account: Account) -> int:
        checked = ledger_check(account=account, progress=self._progress)
        told = f"  {checked.transactions} transactions, {checked.entries} entries"
        self.stdout.write(f"{told}: {checked.count} finding(s)")
        self._tell(checked.findings, checked.count)
        return checked.count

    def _compare(self, account: Account) -> int:
        now = timezone.now()
        try:
            with closing(account_port(account, now=now)) as port:
                compared = venue_compare(account=account, port=port, now=now)
        except ApplicationError as error:
            self.stdout.write(f"  the venue: {error.message} [{error.code}]")
            return 1
        told = f"{compared.currencies} currencies, {compared.executions} executions"
        self.stdout.write(f"  the venue: {told}: {compared.count} finding(s)")
        self._tell(compared.findings, compared.count)
        return compared.count

    def _tell(self, findings: Sequence[Finding], count: int) -> None:
        for one in findings:
            self.stdout.write(f"    {one.code} {one.where}: {one.message}")
        if count > len(findings):
            self.stdout.write(f"    and {count - len(findings)} more")

    def _progress(self, done: int, of: int) -> None:
        self.stderr.write(f"  {done} of {of} transactions")

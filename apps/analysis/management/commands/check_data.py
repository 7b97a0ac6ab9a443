"""Compare the files of candles, captures and results with their rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.analysis.selectors import results_check
from apps.core.errors import ApplicationError
from apps.market.selectors import data_check, quality_lines


class Command(BaseCommand):
    """Names every file without a row, and every row whose file is gone or changed.

    How good the candles of each series are is told too, and is no finding.
    """

    help = "Check stored data against the database; exits with 1 on any finding."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong; succeed only where nothing is."""
        now = timezone.now()
        for line in quality_lines(now=now):
            self.stdout.write(line)
        try:
            findings = [*data_check(now=now), *results_check(now=now)]
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        for finding in findings:
            self.stdout.write(f"{finding.code}  {finding.path}  {finding.message}")
        if findings:
            msg = f"{len(findings)} findings; see above."
            raise CommandError(msg)
        self.stdout.write("All files and rows agree.")

"""Says whether this installation may go live."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from apps.core.preflight import Verdict
from apps.core.preflight.run import preflight_run

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from apps.core.preflight import Finding


class Command(BaseCommand):
    """`manage.py preflight`: one line for each check; 1 where any is NO-GO."""

    help = (
        "Check settings, database, Redis, disk, engines and backups before going live; "
        "exits with 1 where anything is NO-GO. Example: manage.py preflight --json"
    )
    # The list itself says what is wrong with settings and migrations.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found; succeed where nothing is NO-GO."""
        findings = preflight_run()
        stopped = [one for one in findings if one.verdict == Verdict.NO_GO]
        if options["json"]:
            answer = {"go": not stopped, "findings": [asdict(one) for one in findings]}
            self.stdout.write(json.dumps(answer, indent=2))
        else:
            self._list(findings)
        if stopped:
            sys.exit(1)

    def _list(self, findings: list[Finding]) -> None:
        width = max(len(one.name) for one in findings)
        for one in findings:
            line = f"{one.verdict:<6}  {one.name:<{width}}  {one.found}"
            self.stdout.write(f"{line} -> {one.action}" if one.action else line)
        counts = {
            verdict: sum(one.verdict == verdict for one in findings)
            for verdict in Verdict
        }
        self.stdout.write(", ".join(f"{many} {name}" for name, many in counts.items()))

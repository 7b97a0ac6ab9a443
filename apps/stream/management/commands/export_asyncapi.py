"""Writes the AsyncAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from apps.stream.asyncapi import document_text

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """`manage.py export_asyncapi --file docs/asyncapi.yaml`."""

    help = (
        "Write the messages of streams as an AsyncAPI document. "
        "Example: manage.py export_asyncapi --file docs/asyncapi.yaml"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--file", help="Where to; left out: standard output.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        if options["file"]:
            Path(options["file"]).write_text(document_text())
        else:
            self.stdout.write(document_text(), ending="")

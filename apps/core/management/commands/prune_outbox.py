"""Deletes events that nobody may come back for any more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.core.outbox.pruning import outbox_prune


class Command(BaseCommand):
    """`manage.py prune_outbox`."""

    help = (
        "Delete events that are older than OUTBOX_KEEP_SECONDS; the scheduler does it of "
        "itself. Example: manage.py prune_outbox"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them, and say how many there were."""
        self.stdout.write(f"deleted {outbox_prune(now=timezone.now()):,} events")

"""Check of the backups: is there one, and is it young enough?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from apps.core.backup.shelf import Shelf, archive_ended
from apps.core.preflight.contracts import go, no_go, warn
from apps.core.preflight.disk import written_check

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding

HOUR = 3_600
MAKE_ONE = "run manage.py backup, and have it run every day"


def backups_check() -> list[Finding]:
    """Look at the age of the latest backup; a backup has its name once it is verified."""
    folder = Path(settings.BACKUP_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written_check(folder)
        archives = Shelf(folder).archives()
    except OSError as error:
        found = f"BACKUP_DIR {folder} cannot be written: {error.strerror or error}"
        return [no_go("backups", found, "mount it writable, or set another")]
    if not archives:
        return [warn("backups", f"none in {folder}", MAKE_ONE)]
    latest = archives[-1]
    if not archive_ended(latest.path):
        return [no_go("backups", f"{latest.path.name} is cut off", MAKE_ONE)]
    age = (timezone.now() - latest.made).total_seconds()
    found = f"the latest, {latest.path.name}, is {age / HOUR:,.1f} h old"
    if age > settings.BACKUP_MAX_AGE_SECONDS:
        allowed = settings.BACKUP_MAX_AGE_SECONDS / HOUR
        found = f"{found}; at most {allowed:,.0f} h are allowed"
        return [no_go("backups", found, MAKE_ONE)]
    return [go("backups", found)]

#!/usr/bin/env python
"""The admin tasks of Parallax."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

from config.make_env import main as make_env
from config.process import PROCESS


def main() -> None:
    """Run one task; where the database is the trouble, say so in one line."""
    if sys.argv[1:2] == ["make_env"]:
        # It writes the secrets without which the settings do not load.
        sys.exit(make_env(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    PROCESS.role = "".join(sys.argv[1:2]).removeprefix("run_")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        from apps.core.database import database_problem  # noqa: PLC0415 - needs Django

        sys.exit(database_problem(error))


if __name__ == "__main__":
    main()

"""Runs the demo in a place of its own: settings, database and data under data/demo."""

from __future__ import annotations

import os
import secrets

from config.environment import BASE_DIR


def main() -> None:
    """Set the environment, then hand over to the demo's command."""
    folder = BASE_DIR / "data" / "demo"
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            # Nothing signed in the demo outlives it.
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATA_DIR": str(folder),
            "DEBUG": "false",
            "HTTPS_ONLY": "false",
            "LOG_LEVEL": "WARNING",
            "LOG_FORMAT": "console",
            "DATABASE_URL": f"sqlite:///{folder / 'parallax.sqlite3'}",
            "THROTTLE_USER": "100000/hour",
        }
    )
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(["manage.py", "demo"])


if __name__ == "__main__":
    main()

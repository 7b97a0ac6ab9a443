"""What this process is for, which decides how it speaks to the database."""

from __future__ import annotations

from dataclasses import dataclass

WEB = "web"
MIGRATE = "migrate"


@dataclass(slots=True)
class Process:
    """One process of the service.

    Args:
        role: `web`, or the admin task without `run_`: `worker`, `migrate`. It is set by
            the entry points (`config.asgi`, `config.wsgi`, `manage.py`) before the
            settings are read, and inherited by forks but not by programs started.
    """

    role: str = ""


PROCESS = Process()

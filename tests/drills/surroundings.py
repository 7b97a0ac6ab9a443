"""A database, a data folder and an exchange of its own for a drill."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from tests.exchange_server.fixtures import serve_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange_server.fixtures import Served

# Short, so that many faults fit into a drill; the rules are the same as with long ones.
TIMEOUT_SECONDS = 2.0
GRACE_SECONDS = 1.0


@contextmanager
def database_made(folder: Path) -> Iterator[str]:
    """Yield the address of an empty database: on the server that DATABASE_URL names, if
    it is PostgreSQL, else a file of the folder.
    """
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield f"sqlite:///{folder / 'drill.sqlite3'}"
        return
    name = f"drill_{secrets.token_hex(6)}"
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlsplit(given)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def surroundings(*exchange: str, **settings: str) -> Iterator[Served]:
    """Give this process and its children an exchange and settings of their own.

    To be entered before Django is loaded, which it loads and whose database it makes.

    Args:
        *exchange: Arguments of the exchange's program.
        **settings: Of the environment, over those of a drill.
    """
    with (
        tempfile.TemporaryDirectory(prefix="parallax-drill-") as name,
        database_made(Path(name)) as database,
        serve_process(*exchange) as served,
    ):
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        os.environ.update(
            {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "SECRET_KEY": secrets.token_urlsafe(48),
                "CREDENTIALS_KEY": key,
                "DATA_DIR": name,
                "DATABASE_URL": database,
                "DEBUG": "false",
                "HTTPS_ONLY": "false",
                "LOG_LEVEL": "ERROR",
                "LOG_FORMAT": "console",
                "LIVE_TRADING": "true",
                "EXCHANGE_ENDPOINTS": f"binance={served.url}",
                "EXCHANGE_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
                "EXCHANGE_RATE_LIMITS": "false",
                "RECONCILE_GRACE_SECONDS": str(GRACE_SECONDS),
                "LIVE_STALE_SECONDS": "600",
                "THROTTLE_USER": "1000000/minute",
                "THROTTLE_ORDERS": "1000000/minute",
                "THROTTLE_ANON": "1000000/minute",
                **settings,
            }
        )
        import django  # noqa: PLC0415 - its settings are made above

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415
        from django.db import connections  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        try:
            yield served
        finally:
            connections.close_all()

"""How each kind of process connects to its database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dj_database_url

from config.process import MIGRATE, WEB

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection
    from pydantic import SecretStr

SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL, not NORMAL: the last commits must survive a power cut.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
        "PRAGMA busy_timeout=20000; PRAGMA foreign_keys=ON"
    ),
}
# A request that finds no free connection for so long is answered with 503.
POOL_WAIT_SECONDS = 5.0
POOL_IDLE_SECONDS = 60.0
POOL_LIFETIME_SECONDS = 1800.0
# The pool waits twice as long after each failure to connect, and from the start again
# once it has given up: short, so that it finds a restarted server soon.
POOL_RECONNECT_SECONDS = 4.0

# A server that vanished without a word is noticed after 60 s, by either side: a request
# must not wait for it for hours, nor its locks outlive a client that is no more.
_CLIENT_KEEPALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_SERVER_KEEPALIVE = {
    "tcp_keepalives_idle": 30,
    "tcp_keepalives_interval": 10,
    "tcp_keepalives_count": 3,
}


def database_settings(
    *,
    address: SecretStr | None,
    data_dir: Path,
    role: str,
    pool_max: int,
    statement_seconds: float,
    lock_seconds: float,
) -> dict[str, Any]:
    """Return the entry of Django's DATABASES.

    Args:
        address: `postgres://…`, `sqlite:///…`, or None: a file in `data_dir`.
        data_dir: Where the embedded database is, and that of the tests.
        role: What the process is for.
        pool_max: See `postgres_options`, as for the other bounds.
        statement_seconds: As above.
        lock_seconds: As above.
    """
    file = f"sqlite:///{data_dir / 'parallax.sqlite3'}"
    url = address.get_secret_value() if address else file
    database: dict[str, Any] = dict(dj_database_url.parse(url))
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = SQLITE_OPTIONS
        # A file, as in life: other processes take part in the tests.
        database["TEST"] = {"NAME": str(data_dir / "test.sqlite3")}
        return database
    ours = postgres_options(
        role=role,
        pool_max=pool_max,
        statement_seconds=statement_seconds,
        lock_seconds=lock_seconds,
    )
    # What the address itself says, such as `?sslmode=require`, stands.
    database["OPTIONS"] = ours | database.get("OPTIONS", {})
    # Behind a pooler each transaction may meet another server process.
    database["DISABLE_SERVER_SIDE_CURSORS"] = pool_max == 0
    return database


def postgres_options(
    *, role: str, pool_max: int, statement_seconds: float, lock_seconds: float
) -> dict[str, Any]:
    """Return Django's OPTIONS for a connection to PostgreSQL.

    Only web processes keep a pool: it has threads, and workers fork. Only they have
    bounds on statements and on idle transactions: a job, a migration and a backup may
    take as long as they need. A migration gives up waiting for a lock, because whatever
    comes after it queues behind it.

    Args:
        role: What the process is for.
        pool_max: Connections of one web process at most; 0: a pooler such as PgBouncer
            stands in between, which takes no settings at the start of a connection.
        statement_seconds: The longest that a statement of a request may take.
        lock_seconds: The longest that a request or a migration waits for a lock.
    """
    options: dict[str, Any] = {
        "application_name": "-".join(filter(None, ("parallax", role))),
        "connect_timeout": 5,
        **_CLIENT_KEEPALIVE,
    }
    if pool_max == 0:
        return options
    session: dict[str, int] = dict(_SERVER_KEEPALIVE)
    if role in {WEB, MIGRATE}:
        session["lock_timeout"] = _milliseconds(lock_seconds)
    if role == WEB:
        session["statement_timeout"] = _milliseconds(statement_seconds)
        session["idle_in_transaction_session_timeout"] = _milliseconds(
            statement_seconds
        )
        options["pool"] = {
            "min_size": 0,
            "max_size": pool_max,
            "timeout": POOL_WAIT_SECONDS,
            "max_idle": POOL_IDLE_SECONDS,
            "max_lifetime": POOL_LIFETIME_SECONDS,
            "reconnect_timeout": POOL_RECONNECT_SECONDS,
            "num_workers": 1,
            "check": connection_check,
        }
    options["options"] = " ".join(
        f"-c {name}={value}" for name, value in session.items()
    )
    return options


def address_check(address: str) -> None:
    """Refuse an address that cannot be read, without quoting it.

    Raises:
        ValueError: It says neither a file nor a database's name.
    """
    try:
        name = dj_database_url.parse(address)["NAME"]
    except ValueError:
        name = ""
    if not name:
        msg = (
            "cannot be read; give postgres://user:password@host:5432/name, and write "
            "# / ? @ : in the password as %23 %2F %3F %40 %3A"
        )
        # Not from the cause, which quotes the address with its password.
        raise ValueError(msg)


def connection_check(connection: Connection) -> None:
    """See that a connection of the pool still works, before a request gets it."""
    from psycopg import Error  # noqa: PLC0415 - only where there is PostgreSQL
    from psycopg_pool import ConnectionPool  # noqa: PLC0415

    try:
        ConnectionPool.check_connection(connection)
    except Error:
        # A server that was restarted has closed all of them; the pool would find out
        # one by one, and wait longer after each.
        if isinstance(connection._pool, ConnectionPool):
            connection._pool.check()
        raise


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))

"""What a connection is told, by what its process is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.caches import REDIS_SECONDS, caches_in_process, caches_redis
from config.databases import address_check, database_settings

ADDRESS = "postgres://me:secret@db.example:6432/parallax"
FOLDER = Path("/nowhere")


def made(address: str | None = ADDRESS, role: str = "web", pool: int = 8) -> Any:
    return database_settings(
        address=SecretStr(address) if address else None,
        data_dir=FOLDER,
        role=role,
        pool_max=pool,
        statement_seconds=0.5,
        lock_seconds=10,
    )


def test_a_web_process_pools_and_is_bounded() -> None:
    options = made()["OPTIONS"]

    assert (options["pool"]["min_size"], options["pool"]["max_size"]) == (0, 8)
    assert "-c statement_timeout=500 " in options["options"] + " "
    assert "-c lock_timeout=10000 " in options["options"] + " "
    assert options["application_name"] == "parallax-web"


@pytest.mark.parametrize("role", ["worker", "migrate", "backup", ""])
def test_what_forks_or_works_long_has_no_pool_and_no_bound_on_statements(
    role: str,
) -> None:
    options = made(role=role)["OPTIONS"]

    assert "pool" not in options
    assert "statement_timeout" not in options["options"]
    assert ("lock_timeout" in options["options"]) == (role == "migrate")


@pytest.mark.parametrize("role", ["web", "worker"])
def test_behind_a_pooler_nothing_is_asked_that_it_cannot_keep(role: str) -> None:
    database = made(role=role, pool=0)

    assert "pool" not in database["OPTIONS"]
    assert "options" not in database["OPTIONS"]
    assert database["DISABLE_SERVER_SIDE_CURSORS"]


def test_what_the_address_says_of_the_connection_stands() -> None:
    options = made(f"{ADDRESS}?sslmode=verify-full&connect_timeout=2")["OPTIONS"]

    assert options["sslmode"] == "verify-full"
    assert int(options["connect_timeout"]) == 2
    assert "statement_timeout" in options["options"]


def test_without_an_address_there_is_a_file_in_the_data_folder() -> None:
    assert made(None)["NAME"] == str(FOLDER / "parallax.sqlite3")


@pytest.mark.parametrize(
    "address",
    [
        "postgres://me:secret#1@host/x",
        "postgres://me:secret@host:secret/x",
        "postgres://me:secret@[host/x",
        "postgres://me:secret@host",
    ],
)
def test_an_address_that_cannot_be_read_is_not_quoted(address: str) -> None:
    with pytest.raises(ValueError, match="%23") as caught:
        address_check(address)

    assert "secret" not in str(caught.value)


def test_redis_is_never_waited_for_longer_than_a_second() -> None:
    for cache in caches_redis("redis://cache.example/0").values():
        options = cache["OPTIONS"]
        assert options["SOCKET_TIMEOUT"] == REDIS_SECONDS <= 1
        assert options["SOCKET_CONNECT_TIMEOUT"] == REDIS_SECONDS


def test_a_place_to_count_without_redis_is_always_there() -> None:
    assert set(caches_in_process()) == {"default", "local"}
    assert "local" not in caches_redis("redis://cache.example/0")

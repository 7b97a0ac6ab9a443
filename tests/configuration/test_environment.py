"""Settings come from the environment, and a wrong one ends the start by name."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from config.environment import Environment, folder_ensure

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
KEY = "k" * 60


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """Start Django with nothing but these variables, and no .env file."""
    code = (
        "import config.environment as e; e.Environment.model_config['env_file'] = None;"
        "import django; django.setup()"
    )
    base = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=base | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, ["SECRET_KEY", "Field required"]),
        ({"SECRET_KEY": "change-me"}, ["SECRET_KEY", "50 random characters"]),
        ({"SECRET_KEY": KEY, "LOG_LEVEL": "LOUD"}, ["LOG_LEVEL", "'WARNING'"]),
        ({"SECRET_KEY": KEY, "THROTTLE_USER": "often"}, ["THROTTLE_USER", "pattern"]),
        (
            {"SECRET_KEY": KEY, "DATABASE_URL": "mysql://u:hunter2@h/d"},
            ["DATABASE_URL", "postgres://user:password@host:5432/name"],
        ),
        ({"SECRET_KEY": KEY, "REDIS_URL": "localhost"}, ["REDIS_URL", "redis://"]),
        (
            {"SECRET_KEY": KEY, "METRICS_ALLOW": "10.0.0.0/8, 10.0.0.5/8"},
            ["METRICS_ALLOW", "10.0.0.5/8 has host bits set", "10.0.0.0/8, ::1/128"],
        ),
        (
            {"SECRET_KEY": KEY, "METRICS_ALLOW": "prometheus"},
            ["METRICS_ALLOW", "'prometheus' does not appear to be", "10.0.0.0/8"],
        ),
        (
            {"SECRET_KEY": KEY, "JOB_LEASE_SECONDS": "-1", "DEBUG": "perhaps"},
            ["JOB_LEASE_SECONDS", "greater than 0", "DEBUG", "boolean"],
        ),
    ],
)
def test_a_wrong_setting_ends_the_start_and_says_what_would_be_right(
    variables: dict[str, str], words: list[str]
) -> None:
    done = start(**variables)
    assert done.returncode == 2
    for word in words:
        assert word in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_do_not_show_when_the_settings_are_printed() -> None:
    shown = repr(Environment(secret_key=KEY, database_url="postgres://u:hunter2@h/d"))
    assert KEY not in shown
    assert "hunter2" not in shown


def test_lists_are_separated_by_commas() -> None:
    hosts = Environment(secret_key=KEY, allowed_hosts="a.example, b.example,")
    assert hosts.allowed_hosts == ("a.example", "b.example")


def test_settings_cannot_be_changed_while_running() -> None:
    environment = Environment(secret_key=KEY)
    with pytest.raises(ValidationError, match="frozen"):
        environment.debug = True  # type: ignore[misc]


def test_production_is_closed_unless_debug(tmp_path: Path) -> None:
    code = (
        "import config.environment as e; e.Environment.model_config['env_file'] = None;"
        "from django.conf import settings as s;"
        "print(s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS,"
        " s.SECURE_HSTS_PRELOAD, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE,"
        " s.CSRF_COOKIE_SECURE, s.SECURE_CONTENT_TYPE_NOSNIFF, s.X_FRAME_OPTIONS,"
        " s.SECURE_PROXY_SSL_HEADER[0])"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": KEY,
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    expected = "31536000 True True True True True True DENY HTTP_X_FORWARDED_PROTO"
    assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("SECRET_KEY", "change-me", "SECRET_KEY"),
        ("CREDENTIALS_KEY", "change-me", "CREDENTIALS_KEY"),
        ("DATABASE_URL", "postgres://u:change-me@h/d", "POSTGRES_PASSWORD"),
        ("REDIS_URL", "redis://:change-me@h:6379/0", "REDIS_PASSWORD"),
        ("JOBS_REDIS_URL", "redis://:change-me@h:6379/0", "REDIS_PASSWORD"),
    ],
)
def test_nothing_starts_on_a_placeholder_and_it_is_named(
    variable: str, value: str, named: str
) -> None:
    done = start(**{"SECRET_KEY": KEY, variable: value})
    assert done.returncode == 2
    assert f"  {variable}: " in done.stderr
    assert named in done.stderr
    assert "change-me" in done.stderr


def test_all_placeholders_are_named_at_once() -> None:
    done = start(**dict.fromkeys(("SECRET_KEY", "CREDENTIALS_KEY"), "change-me"))
    assert done.returncode == 2
    assert "  SECRET_KEY: " in done.stderr
    assert "  CREDENTIALS_KEY: " in done.stderr


@pytest.mark.parametrize(
    "key",
    [
        "",
        "A" * 43,
        "A" * 44,
        base64.b64encode(b"x" * 31).decode(),
        base64.b64encode(b"x" * 33).decode(),
        f"{base64.b64encode(b'x' * 32).decode()[:-2]}!=",
        "ключ" * 11,
    ],
)
def test_a_key_for_credentials_is_32_bytes_in_base64(key: str) -> None:
    with pytest.raises(ValidationError, match="32 random bytes in url-safe base64"):
        Environment(secret_key=KEY, credentials_key=key)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_for_credentials_may_have_either_alphabet(
    encode: Callable[[bytes], bytes],
) -> None:
    key = encode(b"\xfb\xff" * 16).decode()
    kept = Environment(secret_key=KEY, credentials_key=key).credentials_key
    assert kept is not None
    assert kept.get_secret_value() == key


def test_a_data_folder_that_cannot_be_made_ends_the_start_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit):
        folder_ensure(tmp_path / "file" / "data", "DATA_DIR")
    said = capsys.readouterr().err
    assert said == f"DATA_DIR: {tmp_path}/file/data cannot be made: Not a directory\n"

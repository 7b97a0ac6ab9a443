"""`manage.py create_api_key`: a key for a script, and nothing but the key."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from apps.users.models import ApiKey
from apps.users.tests.factories import UserFactory
from apps.users.tests.keys import program

if TYPE_CHECKING:
    from apps.users.models import User

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create(username="ada")


def printed(*arguments: str, name: str = "night job") -> tuple[str, str]:
    out, beside = io.StringIO(), io.StringIO()
    call_command(
        "create_api_key", f"--name={name}", *arguments, stdout=out, stderr=beside
    )
    return out.getvalue(), beside.getvalue()


@pytest.mark.usefixtures("user")
def test_the_key_alone_is_printed_and_works() -> None:
    out, beside = printed("--scope=read")

    key = ApiKey.objects.get()
    assert out == f"{out.strip()}\n"
    assert program(out.strip()).get("/api/v1/me/").json()["username"] == "ada"
    assert key.prefix in beside
    assert out.strip() not in beside


def test_what_is_asked_for_is_what_the_key_may(user: User) -> None:
    UserFactory.create(username="bob")

    _, beside = printed(
        *("--user=ada", "--scope=trade", "--scope=admin", "--expires-in-days=90"),
        *("--allow=10.0.0.0/8", "--allow=192.0.2.7"),
    )

    key = ApiKey.objects.get()
    assert key.owner == user
    assert key.name == "night job"
    assert key.scopes == ["read", "trade", "admin"]
    assert key.allowed_addresses == ["10.0.0.0/8", "192.0.2.7/32"]
    assert key.expires_at is not None
    life = key.expires_at - key.created_at
    assert timedelta(days=89) < life <= timedelta(days=90)
    assert "read, trade, admin" in beside


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scope=read", "--user=eve"], r"no user 'eve'.*ada\. \[user_not_found\]"),
        (["--scope=root"], "invalid choice: 'root'"),
        ([], "required: --scope"),
        (["--scope=read", "--expires-in-days=0"], "days from 1 to 3650"),
        (["--scope=read", f"--expires-in-days={10**30}"], "days from 1 to 3650"),
        (["--scope=read", "--expires-in-days=\u0663"], "days from 1 to 3650"),
        (["--scope=read", "--allow=10.0.0.1/8"], r"10.0.0.1/8.*\[api_key_invalid\]"),
        (["--scope=read", "--name= "], r"name needs.*\[api_key_invalid\]"),
        (["--scope=read", "--name=\udcff"], r"name needs.*\[api_key_invalid\]"),
        (["--scope=read", f"--name={'x' * 101}"], "at most 100 characters"),
    ],
)
def test_what_makes_no_key_is_told_and_prints_none(
    arguments: list[str], words: str
) -> None:
    out = io.StringIO()
    names = [] if any("--name" in one for one in arguments) else ["--name=x"]

    with pytest.raises(CommandError, match=words):
        call_command("create_api_key", *names, *arguments, stdout=out)

    assert out.getvalue() == ""
    assert ApiKey.objects.count() == 0


def test_of_several_users_one_must_be_named(user: User) -> None:
    UserFactory.create(username="bob")

    with pytest.raises(CommandError, match="--user NAME; users are: ada, bob"):
        printed("--scope=read")


def test_it_tells_how_it_is_used_with_an_example() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "create_api_key", "--help"],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "example:" in done.stdout
    assert "--expires-in-days" in done.stdout

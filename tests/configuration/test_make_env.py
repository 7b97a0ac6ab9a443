"""The first step of an installation: a file of settings with secrets of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "CREDENTIALS_KEY")


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A copy of what is needed before there are settings, and no .env."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for name in ("manage.py", ".env.example"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(where: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python there with an environment that has nothing in it."""
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, *command],
        cwd=where,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def values(text: str) -> dict[str, str]:
    """Return what a file of settings sets."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("how", [("manage.py", "make_env"), ("-m", "config.make_env")])
def test_the_file_is_written_before_there_are_any_settings(
    installation: Path, how: tuple[str, ...]
) -> None:
    done = run(installation, *how)

    assert done.returncode == 0, done.stderr
    written = installation / ".env"
    found = values(written.read_text())
    assert set(found) == set(SECRETS)
    assert len(set(found.values())) == len(SECRETS)
    assert written.stat().st_mode & 0o777 == 0o600
    assert not any(secret in done.stdout for secret in found.values())


def test_what_is_written_is_what_the_settings_take(installation: Path) -> None:
    run(installation, "manage.py", "make_env")

    code = "from config.environment import environment_load as load; load()"
    assert run(installation, "-c", code).returncode == 0


def test_every_installation_has_secrets_of_its_own(installation: Path) -> None:
    texts = [run(installation, "manage.py", "make_env", "--stdout") for _ in range(2)]

    first, second = (values(done.stdout) for done in texts)
    assert all(first[name] != second[name] for name in SECRETS)
    assert not (installation / ".env").exists()


def test_a_file_that_is_there_is_left_as_it_is(installation: Path) -> None:
    (installation / ".env").write_text("SECRET_KEY=mine\n")

    done = run(installation, "manage.py", "make_env")

    assert done.returncode == 1
    assert "left as it is" in done.stderr
    assert (installation / ".env").read_text() == "SECRET_KEY=mine\n"


def test_a_place_that_cannot_be_written_is_named_with_the_way_around(
    installation: Path,
) -> None:
    # No file may grow: a full disk, without one.
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "from config.make_env import main; raise SystemExit(main([]))"
    )
    done = run(installation, "-c", code)

    assert done.returncode == 1
    assert "--stdout" in done.stderr
    assert not (installation / ".env").exists()


def test_on_loopback_there_is_plain_http(installation: Path) -> None:
    done = run(installation, "manage.py", "make_env", "--local", "--stdout")

    assert values(done.stdout)["HTTPS_ONLY"] == "false"

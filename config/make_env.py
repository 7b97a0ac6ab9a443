"""Writes `.env` from `.env.example` with fresh secrets; never over an existing one.

Runs as `manage.py make_env` and as `python -m config.make_env`, both without Django,
which does not start before there are secrets.
"""

from __future__ import annotations

import argparse
import base64
import secrets
import sys
from typing import TYPE_CHECKING

from config.environment import BASE_DIR
from config.secret_values import CREDENTIALS_KEY_BYTES, PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECRET_BYTES = 48
PASSWORD_BYTES = 32


def env_text(*, local: bool) -> str:
    """Return `.env.example` with a fresh secret wherever it has a placeholder.

    Args:
        local: For this machine alone, over plain HTTP on loopback.
    """
    text = (BASE_DIR / ".env.example").read_text()
    for name, secret in _secrets().items():
        text = text.replace(f"\n{name}={PLACEHOLDER}\n", f"\n{name}={secret}\n")
    if local:
        text = text.replace("# HTTPS_ONLY=true", "HTTPS_ONLY=false")
    return text


def env_write(*, local: bool) -> int:
    """Write the file.

    Args:
        local: As `env_text` takes it.

    Returns:
        The exit code: 0 written, 1 it was there or cannot be written.
    """
    target = BASE_DIR / ".env"
    text = env_text(local=local)
    try:
        file = target.open("x")
    except FileExistsError:
        print(f"{target.name} is there already; it was left as it is", file=sys.stderr)
        return 1
    except OSError as error:
        return _cannot(target, error)
    try:
        with file:
            target.chmod(0o600)
            file.write(text)
    except OSError as error:
        target.unlink()
        return _cannot(target, error)
    print(f"{target.name} written with fresh secrets: {', '.join(_secrets())}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or print the file, as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="make_env",
        description="Write .env with fresh secrets; an existing one is left as it is.",
        epilog="example: manage.py make_env --local",
    )
    parser.add_argument("--local", action="store_true", help="plain HTTP on loopback")
    parser.add_argument(
        "--stdout", action="store_true", help="print it instead of writing .env"
    )
    options = parser.parse_args(arguments)
    if not options.stdout:
        return env_write(local=options.local)
    sys.stdout.write(env_text(local=options.local))
    return 0


def _cannot(target: Path, error: OSError) -> int:
    print(
        f"{target} cannot be written ({error.strerror}); make_env --stdout prints what "
        "would be in it",
        file=sys.stderr,
    )
    return 1


def _secrets() -> dict[str, str]:
    key = base64.urlsafe_b64encode(secrets.token_bytes(CREDENTIALS_KEY_BYTES))
    return {
        "SECRET_KEY": secrets.token_urlsafe(SECRET_BYTES),
        # Parts of addresses and command lines: nothing in them may need an escape.
        "POSTGRES_PASSWORD": secrets.token_hex(PASSWORD_BYTES),
        "REDIS_PASSWORD": secrets.token_hex(PASSWORD_BYTES),
        "CREDENTIALS_KEY": key.decode(),
    }


if __name__ == "__main__":
    sys.exit(main())

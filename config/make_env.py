"""Writes `.env` from `.env.example` with a fresh secret; never over an existing one."""

from __future__ import annotations

import argparse
import secrets
import sys

from config.environment import BASE_DIR, PLACEHOLDER

SECRET_BYTES = 48


def env_write(*, local: bool) -> int:
    """Write the file.

    Args:
        local: For this machine alone, over plain HTTP on loopback.

    Returns:
        The exit code: 0 written, 1 it was there.
    """
    target = BASE_DIR / ".env"
    text = (BASE_DIR / ".env.example").read_text()
    text = text.replace(
        f"SECRET_KEY={PLACEHOLDER}", f"SECRET_KEY={secrets.token_urlsafe(SECRET_BYTES)}"
    )
    if local:
        text = text.replace("# HTTPS_ONLY=true", "HTTPS_ONLY=false")
    try:
        with target.open("x") as file:
            target.chmod(0o600)
            file.write(text)
    except FileExistsError:
        print(f"{target.name} is there already; it was left as it is", file=sys.stderr)
        return 1
    print(f"{target.name} written with a fresh SECRET_KEY")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--local", action="store_true", help="plain HTTP on loopback")
    sys.exit(env_write(local=parser.parse_args().local))

"""What a secret from the environment must look like."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pydantic import SecretStr

PLACEHOLDER = "change-me"
SECRET_KEY_LENGTH = 50
CREDENTIALS_KEY_BYTES = 32
_URL_SAFE = str.maketrans("-_", "+/")


def secret_key_check(value: SecretStr) -> None:
    """Refuse a key that signs too little.

    Raises:
        ValueError: It is short, or the placeholder.
    """
    key = value.get_secret_value()
    if len(key) < SECRET_KEY_LENGTH or PLACEHOLDER in key:
        msg = (
            f"give at least {SECRET_KEY_LENGTH} random characters, not the placeholder "
            f"{PLACEHOLDER!r}; `manage.py make_env` writes fresh ones to .env"
        )
        raise ValueError(msg)


def credentials_key_check(value: SecretStr | None) -> None:
    """Refuse what is not 32 bytes in base64, as Fernet has its keys.

    Raises:
        ValueError: It is something else, such as the placeholder.
    """
    if value is None:
        return
    try:
        # Fernet reads both alphabets, but passes over what is in neither.
        key = value.get_secret_value().translate(_URL_SAFE)
        length = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if length != CREDENTIALS_KEY_BYTES:
        msg = (
            f"give {CREDENTIALS_KEY_BYTES} random bytes in url-safe base64 (44 "
            f"characters), not {PLACEHOLDER!r}; `manage.py make_env` writes fresh ones"
        )
        raise ValueError(msg)


def password_check(url: SecretStr | None, name: str) -> None:
    """Refuse an address whose password is the placeholder.

    Args:
        url: The address.
        name: The variable that sets its password.

    Raises:
        ValueError: It is.
    """
    if url and urlsplit(url.get_secret_value()).password == PLACEHOLDER:
        msg = f"its password is the placeholder {PLACEHOLDER!r}; set {name}"
        raise ValueError(msg)


def redis_address_check(url: SecretStr | None) -> None:
    """Refuse what is no address of a Redis.

    Raises:
        ValueError: It is something else, or its password is the placeholder.
    """
    if url and not url.get_secret_value().startswith(("redis://", "rediss://")):
        msg = "give redis://:password@host:6379/0, or leave it unset"
        raise ValueError(msg)
    password_check(url, "REDIS_PASSWORD")

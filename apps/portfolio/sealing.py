"""Sealing the keys of accounts: AES-256-GCM, bound to the one account they are of.

A sealed text is `v1.<key id>.<nonce and cipher text in url-safe base64>`. The key id names
the value of CREDENTIALS_KEY that it was sealed with, and tells nothing of it. What it is
of - the account and its owner - is authenticated along with it: a row that is copied to
another account does not open there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from apps.portfolio.errors.credentials import (
    CredentialsKeyMissing,
    CredentialsSealBroken,
)

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr

_VERSION = "v1"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an account, opened; no part of them is in its `repr`.

    Attributes:
        api_key: The key itself.
        secret: What calls are signed with.
        password: The third part, of exchanges that have one.
    """

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


def seal(keys: Keys, *, account_id: UUID, owner_id: UUID) -> str:
    """Return the keys of an account as they may be stored.

    Args:
        keys: What is sealed.
        account_id: The account that it opens for alone.
        owner_id: The account's owner.

    Raises:
        CredentialsKeyMissing: CREDENTIALS_KEY is not set.
    """
    key_id, key = _current()
    nonce = os.urandom(_NONCE_BYTES)
    plain = json.dumps([keys.api_key, keys.secret, keys.password]).encode()
    bound = _bound(key_id, account_id, owner_id)
    body = base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, plain, bound))
    return f"{_VERSION}.{key_id}.{body.decode()}"


def unseal(sealed: str, *, account_id: UUID, owner_id: UUID) -> Keys:
    """Return what was sealed for an account.

    Args:
        sealed: As `seal` returned it.
        account_id: The account that it was sealed for.
        owner_id: The account's owner.

    Raises:
        CredentialsKeyMissing: CREDENTIALS_KEY is not set.
        CredentialsSealBroken: It was sealed with a key that is not known, or for another
            account, or is damaged.
    """
    current, _ = _current()
    version, _, rest = sealed.partition(".")
    key_id, _, body = rest.partition(".")
    key = _known().get(key_id)
    if version != _VERSION or not body:
        raise _broken("is not in the form in which keys are stored")
    if key is None:
        found = f"was sealed with the key {key_id[:16]!r}, which is neither"
        names = "CREDENTIALS_KEY nor one of CREDENTIALS_KEYS_OLD"
        raise _broken(f"{found} {names} (CREDENTIALS_KEY is {current!r})")
    try:
        raw = base64.urlsafe_b64decode(body)
        if base64.urlsafe_b64encode(raw).decode() != body:
            raise _broken("is damaged")
        nonce, cipher = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
        plain = AESGCM(key).decrypt(nonce, cipher, _bound(key_id, account_id, owner_id))
    except (binascii.Error, ValueError, InvalidTag):
        # Without its cause: nothing of what was being opened is told any further.
        raise _broken("was sealed for another account, or is damaged") from None
    return Keys(*json.loads(plain))


def seal_key_id(sealed: str) -> str:
    """Return the id of the key that a text was sealed with; empty where it has none."""
    version, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if version == _VERSION else ""


def current_key_id() -> str:
    """Return the id of CREDENTIALS_KEY.

    Raises:
        CredentialsKeyMissing: It is not set.
    """
    return _current()[0]


def _current() -> tuple[str, bytes]:
    secret: SecretStr | None = settings.CREDENTIALS_KEY
    if secret is None:
        msg = (
            "Keys of exchanges cannot be stored or used: CREDENTIALS_KEY is not set. "
            "Whoever runs the service sets it; make_env --stdout prints a fresh one."
        )
        raise CredentialsKeyMissing(msg)
    return _opened(secret)


def _known() -> dict[str, bytes]:
    """Return every key that may open, by its id."""
    return dict([*map(_opened, settings.CREDENTIALS_KEYS_OLD), _current()])


def _opened(secret: SecretStr) -> tuple[str, bytes]:
    text = secret.get_secret_value().translate(_URL_SAFE)
    key = base64.b64decode(text, validate=True)
    if len(key) != _KEY_BYTES:
        msg = f"CREDENTIALS_KEY has {len(key)} bytes instead of {_KEY_BYTES}"
        raise CredentialsKeyMissing(msg)
    return hashlib.sha256(b"parallax credentials key:" + key).hexdigest()[:8], key


def _bound(key_id: str, account_id: UUID, owner_id: UUID) -> bytes:
    return f"{_VERSION}|{key_id}|{account_id}|{owner_id}".encode()


def _broken(why: str) -> CredentialsSealBroken:
    msg = f"The stored keys cannot be opened: what is stored {why}. Store them again."
    return CredentialsSealBroken(msg)

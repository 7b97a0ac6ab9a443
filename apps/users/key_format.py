"""What an API key looks like: `plx_<16 hex>_<64 hex>`.

The part up to the second underscore is the prefix: it is shown in lists and in the log,
and the key is found by it. The rest is the secret, of which only a hash is kept.
"""

from __future__ import annotations

import hashlib
import re
import secrets

PREFIX_BYTES = 8
SECRET_BYTES = 32
_KEY = re.compile(r"(plx_[0-9a-f]{16})_[0-9a-f]{64}")


def key_make() -> tuple[str, str]:
    """Return the prefix of a new key, and the whole key."""
    prefix = f"plx_{secrets.token_hex(PREFIX_BYTES)}"
    return prefix, f"{prefix}_{secrets.token_hex(SECRET_BYTES)}"


def key_prefix(text: str) -> str | None:
    """Return the prefix of what looks like a key; None: it is none."""
    found = _KEY.fullmatch(text)
    return found and found[1]


def key_hash(text: str) -> str:
    """Return what is stored of a key, in hex.

    SHA-256, not a password's slow hash: nobody can try out 256 random bits, however fast
    the hash is, and this one is paid with every request.
    """
    return hashlib.sha256(text.encode()).hexdigest()

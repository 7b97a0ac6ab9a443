"""What every test stands on: no TLS, a data folder of its own, nothing remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture(autouse=True)
def _surroundings(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.SECURE_SSL_REDIRECT = False
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    # Argon2 is slow on purpose; what is tested here is not the hash.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    yield
    cache.clear()

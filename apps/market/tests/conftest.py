from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from apps.engines import registry
from apps.market.tests.captures import CALL, FakeReader
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from apps.users.models import User


@pytest.fixture
def data_dir(settings: Settings) -> Path:
    """The data directory, which is the test's own."""
    folder: Path = settings.DATA_DIR
    return folder


@pytest.fixture
def actor(db: None) -> User:
    """A person with data."""
    return user_make()


@pytest.fixture
def client(actor: User) -> APIClient:
    """A client that is signed in as `actor`."""
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(actor)
    return signed_in


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> FakeReader:
    """An engine that counts as installed and reads any file."""
    fake = FakeReader()
    monkeypatch.setattr(CALL, fake)
    monkeypatch.setattr(registry, "version_of", lambda _: "1")
    return fake

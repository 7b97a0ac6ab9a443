from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from apps.portfolio.tests.world import live_store_make, user_make

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from apps.stream.latest import LatestStore
    from apps.users.models import User


@pytest.fixture
def actor(db: None) -> User:
    """A person with accounts."""
    return user_make()


@pytest.fixture
def client(actor: User) -> APIClient:
    """A client that is signed in as `actor`."""
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(actor)
    return signed_in


@pytest.fixture
def live_store(settings: Settings, tmp_path: Path) -> LatestStore:
    """Where live prices are, with nothing in it."""
    return live_store_make(settings, tmp_path)

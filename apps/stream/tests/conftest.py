"""Streams that do not wait long, and a store that is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.stream import housekeeping, hub, live
from apps.stream.stores import files

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(live, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(housekeeping, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.02)
    settings.LIVE_REDIS = False
    settings.CACHE_DIR = tmp_path / "cache"

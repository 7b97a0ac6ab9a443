"""Engines before going live: each is started, and each failure is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.analysis import preflight
from apps.core.preflight import Verdict
from apps.engines import registry
from apps.engines.registry import engine_get

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from apps.core.preflight import Finding


@pytest.fixture
def _reference_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "engine_list", lambda: (engine_get("reference"),))
    monkeypatch.setattr(preflight, "START_SECONDS", 60.0)


def found() -> Finding:
    [finding] = preflight.engines_check()
    return finding


@pytest.mark.usefixtures("_reference_alone")
def test_an_engine_that_starts_is_told_with_its_version() -> None:
    one = found()

    assert (one.name, one.verdict) == ("engine reference", Verdict.GO)
    assert "Reference with numba" in one.found


@pytest.mark.usefixtures("_reference_alone")
def test_an_engine_that_is_not_installed_is_told_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "version_of", lambda _: None)

    one = found()

    assert one.verdict == Verdict.WARN
    assert "install it with" in one.action


@pytest.mark.usefixtures("_reference_alone")
def test_an_engine_that_does_not_start_is_no_go(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('libgomp.so.1 is missing')")
    settings.ENGINE_PROCESS_ENVIRONMENT = settings.ENGINE_PROCESS_ENVIRONMENT | {
        "PYTHONPATH": str(tmp_path)
    }

    one = found()

    assert one.verdict == Verdict.NO_GO
    assert "libgomp" in one.found


@pytest.mark.usefixtures("_reference_alone")
def test_an_engine_that_takes_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "START_SECONDS", 0.0)

    one = found()

    assert one.verdict == Verdict.WARN
    assert "not warm within 0 s" in one.found

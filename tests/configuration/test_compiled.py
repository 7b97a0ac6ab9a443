"""Compiled code is kept apart for each state of the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.compiled import sources_mark

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("engines/grid.py", "engines/tests/test_grid.py", "indicators/sma.py"):
        (tmp_path / "apps" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "apps" / name).write_text(name)
    (tmp_path / "requirements.lock").write_text("numba==1")
    return tmp_path


@pytest.mark.parametrize(
    "changed", ["apps/engines/grid.py", "apps/indicators/sma.py", "requirements.lock"]
)
def test_a_change_anywhere_that_is_compiled_gives_another_folder(
    root: Path, changed: str
) -> None:
    before = sources_mark(root)
    (root / changed).write_text("changed")
    assert sources_mark(root) != before


def test_a_changed_test_compiles_nothing_anew(root: Path) -> None:
    before = sources_mark(root)
    (root / "apps/engines/tests/test_grid.py").write_text("changed")
    assert sources_mark(root) == before

"""Where bodies lie while they arrive."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from config.spool import LEFT_SECONDS, spool_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before


def test_temporary_files_lie_in_the_folder(tmp_path: Path) -> None:
    spool_open(tmp_path / "spool")
    with tempfile.NamedTemporaryFile() as file:
        assert file.name.startswith(str(tmp_path / "spool"))


def test_what_a_killed_process_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    old, young = spool / "old.upload", spool / "young.upload"
    for path in (old, young):
        path.touch()
    past = time.time() - LEFT_SECONDS - 60
    os.utime(old, (past, past))
    spool_open(spool)
    assert list(spool.iterdir()) == [young]


def test_where_it_cannot_be_written_the_systems_place_is_kept(tmp_path: Path) -> None:
    tempfile.tempdir = None
    (tmp_path / "file").touch()
    spool_open(tmp_path / "file" / "spool")
    assert tempfile.tempdir is None

"""Backups that cannot be made say why, and leave nothing behind."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.core.backup import NamedFile, making
from apps.core.backup.errors import BackupFailed
from apps.core.backup.making import backup_make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.core.backup.making import Made

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def file_make(name: str, size: int = 10) -> NamedFile:
    """Store a file that no row names, and return it as if one did."""
    path = Path(settings.DATA_DIR) / name
    path.write_bytes(b"x" * size)
    return NamedFile(name)


def make(folder: Path, keep: int | None = None, now: datetime = NOW) -> Made:
    """Make a backup without a word."""
    return backup_make(folder=folder, now=now, keep=keep, say=lambda _: None)


def name(monkeypatch: pytest.MonkeyPatch, *answers: list[NamedFile]) -> list[int]:
    """Let rows name these files, each list once; return who asked."""
    asked: list[int] = []

    def files_named() -> list[NamedFile]:
        asked.append(1)
        return answers[min(len(asked), len(answers)) - 1]

    monkeypatch.setattr(making, "files_named", files_named)
    return asked


@contextmanager
def no_file_grows_over(size: int) -> Iterator[None]:
    """Stand in for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_is_deleted_meanwhile_lets_all_begin_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = file_make("there")
    asked = name(monkeypatch, [there, NamedFile("deleted")], [there])

    made = make(tmp_path)

    assert (len(asked), made.files) == (2, 1)


def test_a_file_that_stays_away_fails_the_backup_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name(monkeypatch, [file_make("there"), NamedFile("candles/lost.parquet")])

    with pytest.raises(BackupFailed, match=r"1 files .* candles/lost\.parquet"):
        make(tmp_path)

    assert list(tmp_path.glob("*.tar")) == []


def test_a_full_disk_is_named_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    name(monkeypatch, [file_make("large", 4_000_000)])

    with no_file_grows_over(2_000_000), pytest.raises(BackupFailed, match="no room"):
        make(folder)

    assert [one.name for one in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null/backups"])
def test_a_folder_that_cannot_be_written_is_named(folder: str) -> None:
    with pytest.raises(CommandError, match=f"No backup was written to {folder}"):
        call_command("backup", "--to", folder)


@pytest.mark.parametrize("keep", ["0", "-1", "many", "1.5", "²"])
def test_a_number_to_keep_is_at_least_one(keep: str) -> None:
    with pytest.raises(CommandError, match="--keep"):
        call_command("backup", f"--keep={keep}")


def test_only_as_many_as_wanted_are_kept(tmp_path: Path) -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    made = [make(tmp_path, keep=2, now=day) for day in days]

    assert made[2].pruned == [made[0].path]
    assert sorted(tmp_path.glob("*.tar")) == [one.path for one in made[1:]]


def test_a_large_file_is_not_held_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    size = 64 * 1024**2
    name(monkeypatch, [file_make("large", size)])
    make(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    make(tmp_path, now=datetime(2026, 1, 2, tzinfo=UTC))

    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < size / 2

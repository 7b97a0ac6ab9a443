"""An archive is whole, or it says where it is not."""

from __future__ import annotations

import hashlib
import io
import tarfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from apps.core.backup.archive import ArchiveReader, ArchiveWriter
from apps.core.backup.errors import ArchiveDamaged, ArchiveUnfit, BackupRunning
from apps.core.backup.manifest import MANIFEST, Manifest, Table
from apps.core.backup.shelf import Shelf, archive_ended

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(256)) * 40
NAMES = ("files/one.parquet", "files/deep/two.parquet")


def nothing(size: int) -> None:
    """Take no interest in progress."""


def manifest_of(members: dict[str, str]) -> Manifest:
    """Return a manifest of these members."""
    return Manifest(
        version="1.2.3",
        created_at="2026-01-01T00:00:00+00:00",
        vendor="sqlite",
        migrations=["core.0001_initial"],
        tables={"people": Table(2, ["id"])},
        left_out=[],
        sequences={},
        members=members,
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path: Path, shelf: Path) -> Path:
    """An archive of two files and a packed table."""
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    final = shelf / "whole.tar"
    with ArchiveWriter(final, nothing) as writer:
        for name in NAMES:
            writer.add_file(name, source)
        writer.add_packed("tables/people.gz", iter([b"1\n", b"2\n"]))
        writer.finish(manifest_of(writer.members))
        writer.verify(nothing)
        writer.publish()
    return final


def test_what_was_written_is_what_is_read(archive: Path) -> None:
    with ArchiveReader(archive) as reader:
        reader.verify(nothing)
        with reader.member(NAMES[1]) as stream:
            assert stream.read() == CONTENT
        with reader.unpacked("tables/people.gz") as stream:
            assert stream.read() == b"1\n2\n"
        assert reader.manifest == manifest_of(reader.manifest.members)
    assert archive_ended(archive)
    assert archive.stat().st_mode & 0o777 == 0o600


def test_an_archive_that_is_not_published_leaves_nothing(shelf: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="meanwhile"),
        ArchiveWriter(shelf / "half.tar", nothing) as writer,
    ):
        writer.add_packed("tables/people.gz", iter([b"1\n"]))
        msg = "something happened meanwhile"
        raise RuntimeError(msg)
    assert list(shelf.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_is_found_and_its_member_named(archive: Path, name: str) -> None:
    with tarfile.open(archive) as tar:
        offset = tar.getmember(name).offset_data
    raw = bytearray(archive.read_bytes())
    raw[offset + 1000] ^= 1
    archive.write_bytes(raw)

    with (
        ArchiveReader(archive) as reader,
        pytest.raises(ArchiveDamaged, match=f"member {name} .*not what was written"),
    ):
        reader.verify(nothing)


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.3, 0.6, 0.99, 1.0])
def test_an_archive_that_was_cut_off_is_found_at_once(
    archive: Path, fraction: float
) -> None:
    with tarfile.open(archive) as tar:
        last = tar.getmember(MANIFEST)
    # What comes after is padding, without which it is still whole.
    end = last.offset_data + last.size
    archive.write_bytes(archive.read_bytes()[: int(end * fraction)])

    with pytest.raises(ArchiveDamaged, match=r"cut off|damaged"):
        ArchiveReader(archive).__enter__()
    assert not archive_ended(archive)


@pytest.mark.parametrize("content", [b"not a tar" * 1000, b"\0" * 20_480])
def test_what_is_no_archive_is_called_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.tar"
    path.write_bytes(content)

    with pytest.raises(ArchiveDamaged, match=r"odd\.tar"):
        ArchiveReader(path).__enter__()


def rewritten(archive: Path, manifest: Manifest, **members: bytes) -> Path:
    """Write an archive by hand, as an attacker might."""
    with tarfile.open(archive, "w") as tar:
        for name, content in {**members, MANIFEST: manifest.encode()}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive


@pytest.mark.parametrize("name", ["files/../../etc/passwd", "/etc/passwd", "files//x"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    sha256 = hashlib.sha256(b"evil").hexdigest()
    path = rewritten(
        tmp_path / "evil.tar", manifest_of({name: sha256}), **{name: b"evil"}
    )

    with ArchiveReader(path) as reader, pytest.raises(ArchiveDamaged, match="never"):
        reader.verify(nothing)


@pytest.mark.parametrize(
    ("listed", "there"), [({"files/a": "0" * 64}, {}), ({}, {"files/a": b"more"})]
)
def test_members_and_manifest_must_agree(
    tmp_path: Path, listed: dict[str, str], there: dict[str, bytes]
) -> None:
    path = rewritten(tmp_path / "odd.tar", manifest_of(listed), **there)

    with ArchiveReader(path) as reader, pytest.raises(ArchiveDamaged, match="files/a"):
        reader.verify(nothing)


def test_a_format_of_later_is_refused_with_its_version(tmp_path: Path) -> None:
    manifest = manifest_of({})
    manifest.format = 99

    with pytest.raises(ArchiveUnfit, match=r"format 99.*version 1\.2\.3"):
        ArchiveReader(rewritten(tmp_path / "later.tar", manifest)).__enter__()


def test_the_latest_backups_are_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    days = [shelf.place(datetime(2026, 1, day, tzinfo=UTC)) for day in (3, 1, 2)]
    for path in [*days, tmp_path / "mine.tar"]:
        path.touch()

    removed = shelf.prune(2)

    assert removed == [days[1]]
    assert [one.path for one in shelf.archives()] == [days[2], days[0]]
    assert (tmp_path / "mine.tar").exists()


def test_two_backups_at_once_do_not_meet(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with (
        shelf.alone(),
        pytest.raises(BackupRunning, match="is at work"),
        Shelf(tmp_path).alone(),
    ):
        pytest.fail("both are at work")


def test_what_a_killed_backup_left_is_cleared_away(shelf: Path) -> None:
    (shelf / ".parallax-x.tar.partial").write_bytes(b"half")
    (shelf / ".copy.partial").mkdir()
    with Shelf(shelf).alone():
        assert [one.name for one in shelf.iterdir()] == [".lock"]

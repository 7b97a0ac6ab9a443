"""Unpack .gz and .zip as a stream, within limits, and leave nothing behind."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from apps.core.files.guard import storage_guard
from apps.market.errors import ArchiveInvalid, FileCorrupt, UnpackedTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
_ZIP_EMPTY_MAGIC = b"PK\x05\x06"
_CHUNK = 1 << 20
# Candles pack five to thirty times; a bomb packs a thousand times. Small files may do
# as they like, so that the ratio is asked only beyond the grace.
MAX_RATIO = 100
RATIO_GRACE_BYTES = 16 << 20


@contextmanager
def unpacked(path: Path, *, scratch: Path, max_bytes: int) -> Iterator[Path]:
    """Give the plain file: the path itself, or what it unpacks to, for a while.

    Args:
        path: A file that may be packed, by its bytes, not by its name.
        scratch: A folder for the unpacked file, which is removed at the end.
        max_bytes: The most bytes that may come out.

    Raises:
        ArchiveInvalid: A .zip without exactly one plain file, or an encrypted one.
        FileCorrupt: The packed data are broken or cut off.
        UnpackedTooLarge: More comes out than `max_bytes`, or than candles can pack.
        StorageFull: The disk has no room.
    """
    with path.open("rb") as packed:
        magic = packed.read(len(ZIP_MAGIC))
    if magic.startswith(GZIP_MAGIC):
        opener = _gzip_open
    elif magic in {ZIP_MAGIC, _ZIP_EMPTY_MAGIC}:
        opener = _zip_open
    else:
        yield path
        return
    target = scratch / "unpacked"
    try:
        try:
            if opener is _zip_open:
                _declared_check(path, max_bytes)
            with opener(path) as source:
                _pour(source, target, packed_bytes=path.stat().st_size, most=max_bytes)
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            msg = f"The packed file is broken or cut off ({error}); pack it again."
            raise FileCorrupt(msg, attr="file") from error
        yield target
    finally:
        target.unlink(missing_ok=True)


@contextmanager
def _gzip_open(path: Path) -> Iterator[BinaryIO]:
    with gzip.open(path, "rb") as source:
        yield cast("BinaryIO", source)


@contextmanager
def _zip_open(path: Path) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if len(members) != 1:
            names = ", ".join(repr(one.filename[:60]) for one in members[:5]) or "none"
            msg = (
                f"The .zip holds {len(members)} files ({names}); put exactly one "
                "candle file into it."
            )
            raise ArchiveInvalid(msg, attr="file")
        try:
            source = archive.open(members[0])
        except RuntimeError as error:
            msg = f"The .zip cannot be opened: {error}; use plain deflate, no password."
            raise ArchiveInvalid(msg, attr="file") from error
        with source:
            yield cast("BinaryIO", source)


def _declared_check(path: Path, most: int) -> None:
    """Refuse a .zip that says itself that it is too large, before a byte is unpacked."""
    packed_bytes = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        declared = sum(one.file_size for one in archive.infolist())
    if declared > _most(packed_bytes, most):
        raise _too_large(packed_bytes, most)


def _most(packed_bytes: int, most: int) -> int:
    return min(most, max(RATIO_GRACE_BYTES, packed_bytes * MAX_RATIO))


def _too_large(packed_bytes: int, most: int) -> UnpackedTooLarge:
    msg = (
        f"The file of {packed_bytes:,} bytes unpacks to more than "
        f"{_most(packed_bytes, most):,} bytes, the limit for it; send it unpacked or in "
        "parts."
    )
    return UnpackedTooLarge(msg, attr="file")


def _pour(source: BinaryIO, target: Path, *, packed_bytes: int, most: int) -> None:
    written = 0
    with storage_guard(), target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > _most(packed_bytes, most):
                raise _too_large(packed_bytes, most)
            out.write(chunk)

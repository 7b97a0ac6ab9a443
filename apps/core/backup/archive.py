"""An archive: a tar of whole members, the last of which says what the others are.

It is written under another name, brought onto the disk, read back, and only then named:
an archive that has its name was whole. Nothing is held in memory but a block at a time.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Self

from apps.core.backup.errors import ArchiveDamaged
from apps.core.backup.manifest import MANIFEST, manifest_decode
from apps.core.backup.shelf import PARTIAL_SUFFIX, archive_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from apps.core.backup.manifest import Manifest

    type Told = Callable[[int], None]

BLOCK = 1024**2
# Rows shrink to a tenth at the least effort; more of it takes long and gains little.
EFFORT = 1
OWNER_ONLY = 0o600


class _Hashed:
    """A stream that is read once, and whose hash is known at the end."""

    def __init__(self, stream: IO[bytes], told: Told) -> None:
        self._stream = stream
        self._told = told
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and remember."""
        block = self._stream.read(size)
        self.digest.update(block)
        self._told(len(block))
        return block


class ArchiveWriter:
    """Writes an archive; unless it is published, nothing of it is left.

    Args:
        final: What it is going to be called.
        told: Is told the bytes of each block.
    """

    def __init__(self, final: Path, told: Told) -> None:
        self.folder = final.parent
        self._final = final
        self._told = told
        self._partial = final.with_name(f".{final.name}{PARTIAL_SUFFIX}")
        self.members: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Create the file, for its owner alone."""
        descriptor = os.open(
            self._partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY
        )
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", copybufsize=BLOCK)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was not published."""
        # Closing writes what is buffered, for which there may be no room.
        with suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def add_file(self, name: str, source: Path) -> str:
        """Add a file as it is, and return its sha256."""
        with source.open("rb") as stream:
            return self._add(name, stream, os.fstat(stream.fileno()).st_size)

    def add_packed(self, name: str, blocks: Iterable[bytes | memoryview]) -> None:
        """Add bytes whose number is not known yet, compressed."""
        with tempfile.TemporaryFile(dir=self.folder) as spool:
            with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=EFFORT) as file:
                for block in blocks:
                    file.write(block)
            size = spool.tell()
            spool.seek(0)
            self._add(name, spool, size)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, and wait until all is on the disk."""
        raw = manifest.encode()
        self._add(MANIFEST, io.BytesIO(raw), len(raw))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        # What is read back comes from the disk, and not from memory.
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._file.close()

    def verify(self, told: Told) -> None:
        """Read all members back.

        Raises:
            ArchiveDamaged: They are not what was written.
        """
        with ArchiveReader(self._partial) as reader:
            reader.verify(told)

    def publish(self) -> int:
        """Give the archive its name, for good; return its bytes."""
        self._partial.replace(self._final)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return self._final.stat().st_size

    def _add(self, name: str, stream: IO[bytes], size: int) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, OWNER_ONLY
        hashed = _Hashed(stream, self._told)
        self._tar.addfile(info, hashed)
        found = hashed.digest.hexdigest()
        if name != MANIFEST:
            self.members[name] = found
        return found


class ArchiveReader:
    """Reads an archive.

    Args:
        path: The archive.
    """

    manifest: Manifest

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        """Open the archive, and read what it says of itself.

        Raises:
            ArchiveDamaged: It is none, or was cut off.
            ArchiveUnfit: A later version has written it.
        """
        with ExitStack() as stack:
            try:
                self._tar = stack.enter_context(tarfile.open(self._path, mode="r:"))
                self._infos = {info.name: info for info in self._tar}
                raw = self._manifest()
            except (tarfile.TarError, EOFError) as error:
                msg = f"{self._path.name} is no archive, or is damaged: {error}."
                raise ArchiveDamaged(msg) from error
            if not archive_ended(self._path):
                raise ArchiveDamaged(f"{self._path.name} was cut off at its end.")
            self.manifest = manifest_decode(raw)
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tar.close()

    def _manifest(self) -> bytes:
        if MANIFEST not in self._infos:
            last = next(reversed(self._infos), "none")
            msg = (
                f"{self._path.name} has no {MANIFEST}: it was cut off, or is damaged, "
                f"after its member {last}."
            )
            raise ArchiveDamaged(msg)
        with self.member(MANIFEST) as stream:
            return stream.read()

    def size(self, name: str) -> int:
        """Return a member's bytes."""
        return self._infos[name].size

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member."""
        stream = self._tar.extractfile(self._infos[name])
        if stream is None:
            msg = f"The member {name} of {self._path.name} is no file."
            raise ArchiveDamaged(msg)
        with stream:
            yield stream

    @contextmanager
    def unpacked(self, name: str) -> Iterator[gzip.GzipFile]:
        """Open a member that was compressed."""
        with self.member(name) as packed, gzip.GzipFile(fileobj=packed) as stream:
            yield stream

    def verify(self, told: Told) -> None:
        """Read every member and compare it with the manifest.

        Raises:
            ArchiveDamaged: One is missing, is not in the manifest, or is not what was
                written; it is named.
        """
        expected = self.manifest.members
        for name in self._infos.keys() ^ {*expected, MANIFEST}:
            where = "the manifest" if name in self._infos else self._path.name
            raise ArchiveDamaged(f"The member {name} is not in {where}.")
        for name, sha256 in expected.items():
            _name_check(name)
            if self._hash(name, told) != sha256:
                msg = f"The member {name} of {self._path.name} is not what was written."
                raise ArchiveDamaged(msg)

    def _hash(self, name: str, told: Told) -> str:
        try:
            with self.member(name) as stream:
                hashed = _Hashed(stream, told)
                while hashed.read(BLOCK):
                    pass
        except (tarfile.TarError, EOFError) as error:
            msg = f"{self._path.name} was cut off within its member {name}."
            raise ArchiveDamaged(msg) from error
        return hashed.digest.hexdigest()


def _name_check(name: str) -> None:
    """Refuse a name that leads elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name:
        msg = f"The member {name!r} has a name that Parallax never gives."
        raise ArchiveDamaged(msg)

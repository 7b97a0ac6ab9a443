"""NumPy archives that can be mapped: uncompressed, each member at a multiple of 64 bytes.

NumPy's own `.npz` files put members wherever they come to lie, so that they can only be
read whole; these are the same files to any reader, with room before the members.
"""

from __future__ import annotations

import io
import math
import os
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

ALIGNMENT = 64
# Of a member's local header, before its name: where the two lengths are, and its size.
LENGTHS_AT, HEADER_SIZE = 26, 30
# zipfile adds the member's sizes in 64 bits after what we add.
ZIP64_SIZE = 20
PADDING_ID = 0xD935  # as Android's zipalign has it
NOT_OURS = "not as it is written here"


def members_write(path: str, **members: NDArray[Any]) -> None:
    """Write an archive under another name first, then in its place, whole."""
    temporary = f"{path}.new"
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, array in members.items():
                _member_write(archive, f"{name}.npy", array)
        with open(temporary, "rb") as written:  # noqa: PTH123 - a descriptor to flush
            os.fsync(written.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _member_write(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    describe: Any = npy.header_data_from_array_1_0
    write: Any = npy.write_array_header_1_0
    header = io.BytesIO()
    write(header, describe(array))
    assert archive.fp is not None
    begins = archive.fp.tell() + HEADER_SIZE + len(name) + 4 + ZIP64_SIZE
    padding = -(begins + header.tell()) % ALIGNMENT
    info = zipfile.ZipInfo(name)
    info.extra = struct.pack("<HH", PADDING_ID, padding) + bytes(padding)
    with archive.open(info, "w", force_zip64=True) as member:
        member.write(header.getvalue())
        member.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def members_map(path: str) -> dict[str, NDArray[Any]] | None:
    """Return the members of such an archive, mapped; None of any other file."""
    try:
        with zipfile.ZipFile(path) as archive, open(path, "rb") as file:  # noqa: PTH123
            members = archive.infolist()
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                return None
            found = {
                one.filename.removesuffix(".npy"): _member_map(path, file, one)
                for one in members
            }
    except (OSError, ValueError, struct.error, zipfile.BadZipFile):
        # Whatever is wrong with it is told by the reader of any file.
        return None
    return found


def _member_map(path: str, file: BinaryIO, info: zipfile.ZipInfo) -> NDArray[Any]:
    file.seek(info.header_offset + LENGTHS_AT)
    name, extra = struct.unpack("<HH", file.read(4))
    file.seek(info.header_offset + HEADER_SIZE + name + extra)
    shape, fortran, dtype = _header_read(file)
    begin = file.tell()
    end = begin + dtype.itemsize * math.prod(shape)
    if fortran or dtype.hasobject or end > os.fstat(file.fileno()).st_size:
        raise ValueError(NOT_OURS)
    # Copied where written to: upstream would change the rows to move a latency.
    return np.memmap(path, dtype, "c", begin, shape).view(np.ndarray)


def _header_read(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    # NumPy's functions for its headers have no types.
    magic: Any = npy.read_magic
    header: Any = npy.read_array_header_1_0
    if magic(file) != (1, 0):
        raise ValueError(NOT_OURS)
    found: tuple[tuple[int, ...], bool, np.dtype[Any]] = header(file)
    return found

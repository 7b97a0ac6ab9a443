"""Stored files: kept in DATA_DIR, and in a bucket where one is set.

A stored file has a path relative to DATA_DIR, such as `candles/binance/…/….parquet`, and
never changes under it. DATA_DIR is where files are written and read, always. Without a
bucket it is the store itself. With one it is a copy: a file goes to the bucket before a
row of the database names it, and comes from there where this machine does not have it.
"""

from __future__ import annotations

from apps.core.files.contracts import StoredFile
from apps.core.files.copies import copies_lacking, copies_trim
from apps.core.files.port import (
    file_delete,
    file_hand_over,
    file_link,
    file_list,
    file_local,
    file_path,
    file_publish,
    files_shared,
    folder_delete,
    folder_publish,
    stored_path,
)

__all__ = [
    "StoredFile",
    "copies_lacking",
    "copies_trim",
    "file_delete",
    "file_hand_over",
    "file_link",
    "file_list",
    "file_local",
    "file_path",
    "file_publish",
    "files_shared",
    "folder_delete",
    "folder_publish",
    "stored_path",
]

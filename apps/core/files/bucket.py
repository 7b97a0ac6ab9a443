"""An S3-compatible bucket, shared by all machines."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from apps.core.files.bucket_errors import bucket_guard
from apps.core.files.contracts import StoredFile
from apps.core.files.errors import StorageUnavailable, StoredFileDamaged
from apps.core.files.guard import storage_guard
from apps.core.files.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import SecretStr

CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 30, 3
_CHUNK = 1024**2


class _SharedStorage(S3Storage):  # type: ignore[misc]
    """Has one connection for all threads, instead of one for each.

    Only its client is used by several, which is made for that.
    """

    @cached_property
    def connection(self) -> Any:
        """Return the connection.

        Raises:
            StorageUnavailable: The endpoint is no address.
        """
        try:
            return super().connection
        except ValueError as error:
            msg = "S3_ENDPOINT_URL is no address; write it as https://s3.example.com."
            raise StorageUnavailable(msg) from error


def bucket_connect() -> S3Storage:
    """Return the bucket that is set; nothing is sent yet."""
    return _connect(
        # A child must not speak on its parent's sockets.
        os.getpid(),
        settings.S3_BUCKET,
        settings.S3_PREFIX,
        settings.S3_ENDPOINT_URL,
        settings.S3_REGION,
        settings.S3_ACCESS_KEY_ID,
        settings.S3_SECRET_ACCESS_KEY,
    )


@lru_cache(maxsize=1)
def _connect(
    _process: int,
    bucket: str,
    prefix: str,
    endpoint: str,
    region: str,
    key_id: SecretStr | None,
    secret: SecretStr | None,
) -> S3Storage:
    options: dict[str, Any] = {}
    if endpoint:
        # What such services all know: no names of buckets in the host's name, and no
        # checksums in trailers.
        options = {
            "s3": {"addressing_style": "path"},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
    return _SharedStorage(
        bucket_name=bucket,
        location=prefix.strip("/"),
        endpoint_url=endpoint or None,
        region_name=region,
        access_key=key_id.get_secret_value() if key_id else None,
        secret_key=secret.get_secret_value() if secret else None,
        client_config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            signature_version="s3v4",
            **options,
        ),
    )


class BucketFiles:
    """The store of many machines.

    Args:
        storage: The bucket.
        link_seconds: For so long a link can be used.
    """

    shared = True

    def __init__(self, storage: S3Storage, *, link_seconds: int) -> None:
        self._storage = storage
        self._link_seconds = link_seconds

    @property
    def _client(self) -> Any:
        return self._storage.connection.meta.client

    def _key(self, path: str) -> str:
        return str(self._storage._normalize_name(path))

    def put(self, path: str, source: Path) -> None:
        """Upload a file; the bucket has all of it, or nothing."""
        with bucket_guard(self._storage.bucket_name), source.open("rb") as stream:
            self._storage.save(path, File(stream))

    def fetch(self, path: str, target: Path, sha256: str) -> None:
        """Download a file, and give it its name when it is whole."""
        with bucket_guard(self._storage.bucket_name), scratch_folder() as scratch:
            partial = scratch / "fetched"
            found = self._download(path, partial)
            if found is None:
                return
            if sha256 and found != sha256:
                msg = (
                    f"The bucket has {path} with sha256 {found[:12]}…, it was stored "
                    f"with {sha256[:12]}…; run check_data, and restore it."
                )
                raise StoredFileDamaged(msg)
            with storage_guard():
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(target)

    def _download(self, path: str, partial: Path) -> str | None:
        """Return the sha256 of what came, or None where there is nothing."""
        for last in (False, True):
            try:
                return self._stream(path, partial)
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    return None
                raise
            except (HTTPClientError, IncompleteReadError):
                # It broke off midway, which the client does not try again by itself.
                if last:
                    raise
        return None

    def _stream(self, path: str, partial: Path) -> str:
        key = self._key(path)
        found = self._client.get_object(Bucket=self._storage.bucket_name, Key=key)
        digest = hashlib.sha256()
        with closing(found["Body"]), storage_guard(), partial.open("wb") as file:
            for chunk in found["Body"].iter_chunks(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
            file.flush()
            # Only a whole file may have the name after a power cut.
            os.fsync(file.fileno())
        return digest.hexdigest()

    def remove(self, path: str) -> None:
        """Remove an object, if it is there."""
        with bucket_guard(self._storage.bucket_name):
            self._storage.delete(path)

    def files(self, folder: str) -> Iterator[StoredFile]:
        """Yield the objects of a folder, a page of a thousand at a time."""
        prefix = f"{self._key(folder)}/"
        cut = len(self._key("x")) - 1
        with bucket_guard(self._storage.bucket_name):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._storage.bucket_name, Prefix=prefix
            )
            for page in pages:
                for one in page.get("Contents", ()):
                    modified = one["LastModified"].timestamp()
                    yield StoredFile(one["Key"][cut:], one["Size"], modified)

    def link(self, path: str, filename: str, content_type: str) -> str | None:
        """Return a presigned address of an object that is there."""
        key = self._key(path)
        with bucket_guard(self._storage.bucket_name):
            # Not HEAD, whose answers have no code: a bucket that is gone looks like an
            # object that is.
            found = self._client.list_objects_v2(
                Bucket=self._storage.bucket_name, Prefix=key, MaxKeys=1
            )
            if not any(one["Key"] == key for one in found.get("Contents", ())):
                raise FileNotFoundError(path)
            disposition = f'attachment; filename="{filename}"'
            address: str = self._storage.url(
                path,
                parameters={
                    "ResponseContentDisposition": disposition,
                    "ResponseContentType": content_type,
                },
                expire=self._link_seconds,
            )
        return address

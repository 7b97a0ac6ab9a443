"""A bucket for tests: a server that speaks S3 on loopback, asked by the real client."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from pydantic import SecretStr

from apps.core.files import bucket as module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

KEY_ID, SECRET = "tests-key-id", "canary-of-the-secret-key"
PREFIX = "here/and-there"


@contextmanager
def server_run() -> Iterator[str]:
    """Run a server and give its address; skip the test where there is none."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass
class Bucket:
    """A bucket as its owner sees it, past what is tested.

    Attributes:
        name: Its name.
        address: Of its server.
        settings: Those of the test, which name it.
    """

    name: str
    address: str
    settings: Settings

    def __post_init__(self) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def create(self) -> None:
        """Make it."""
        self._client.create_bucket(Bucket=self.name)

    def paths(self) -> set[str]:
        """Return the paths of all files in it."""
        found = self._client.list_objects_v2(Bucket=self.name).get("Contents", ())
        keys = [one["Key"] for one in found]
        assert all(key.startswith(f"{PREFIX}/") for key in keys)
        return {key.removeprefix(f"{PREFIX}/") for key in keys}

    def put(self, path: str, content: bytes) -> None:
        """Put something into it that nobody published."""
        self._client.put_object(Bucket=self.name, Key=f"{PREFIX}/{path}", Body=content)

    def delete(self, path: str) -> None:
        """Take something out."""
        self._client.delete_object(Bucket=self.name, Key=f"{PREFIX}/{path}")

    def uploading(self) -> bool:
        """Return whether an upload in parts has begun and not ended."""
        return bool(
            self._client.list_multipart_uploads(Bucket=self.name).get("Uploads")
        )

    def go_down(self) -> None:
        """Let nobody find its server any more."""
        # Nobody listens on the port of the discard protocol.
        self.settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"

    def come_back(self) -> None:
        """Let it be found again."""
        self.settings.S3_ENDPOINT_URL = self.address

    def other_machine(self, folder: Path) -> None:
        """Go on as a machine whose data directory is empty."""
        folder.mkdir()
        self.settings.DATA_DIR = folder

    def close(self) -> None:
        """Forget everything."""
        module._connect.cache_clear()
        self._client.close()
        httpx.post(f"{self.address}/moto-api/reset", timeout=30).raise_for_status()


@contextmanager
def bucket_made(address: str, settings: Settings) -> Iterator[Bucket]:
    """Give an empty bucket, which the settings name."""
    settings.S3_BUCKET = "parallax-tests"
    settings.S3_PREFIX = PREFIX
    settings.S3_ENDPOINT_URL = address
    settings.S3_REGION = "us-east-1"
    settings.S3_ACCESS_KEY_ID = SecretStr(KEY_ID)
    settings.S3_SECRET_ACCESS_KEY = SecretStr(SECRET)
    settings.S3_LINK_SECONDS = 60
    made = Bucket(settings.S3_BUCKET, address, settings)
    made.create()
    try:
        yield made
    finally:
        made.close()

"""A bucket that is down, gone, closed to us or cut off midway: named, soon, unharmed."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from apps.core.errors import ErrorKind
from apps.core.files import (
    bucket as module,
    file_delete,
    file_link,
    file_list,
    file_local,
    file_path,
    file_publish,
    folder_delete,
    folder_publish,
)
from apps.core.files.errors import StorageUnavailable
from apps.core.tests.bucket import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_django import Settings

    from apps.core.tests.bucket import Bucket

PATH = "room/one"
# Three tries, their pauses, and a slow machine.
SOON_SECONDS = 12
OPERATIONS: dict[str, Callable[[], object]] = {
    "publish": lambda: file_publish(PATH),
    "publish a folder": lambda: folder_publish("room"),
    "fetch": lambda: file_local("room/elsewhere"),
    "list": lambda: list(file_list("room")),
    "link": lambda: file_link(PATH, filename="one", content_type="text/plain"),
}


@pytest.fixture
def local(bucket: Bucket) -> Path:
    """A file of this machine that is going to be published."""
    path = file_path(PATH)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"content")
    return path


def refused(operation: Callable[[], object]) -> str:
    """Return the message of an operation that must fail soon."""
    began = time.monotonic()
    with pytest.raises(StorageUnavailable) as caught:
        operation()
    assert time.monotonic() - began < SOON_SECONDS
    error = caught.value
    assert (error.code, error.kind) == ("storage_unavailable", ErrorKind.UNAVAILABLE)
    assert SECRET not in error.message
    return error.message


@contextmanager
def authenticating(bucket: Bucket) -> Iterator[None]:
    """Let the server look at keys and what they may do; it knows none."""
    where = f"{bucket.address}/moto-api/reset-auth"
    httpx.post(where, content="0", timeout=30).raise_for_status()
    try:
        yield
    finally:
        httpx.post(where, content="inf", timeout=30).raise_for_status()


every_operation = pytest.mark.parametrize(
    "operation", OPERATIONS.values(), ids=OPERATIONS.keys()
)


@every_operation
def test_a_server_that_is_down_is_named(
    bucket: Bucket, local: Path, operation: Callable[[], object]
) -> None:
    bucket.go_down()
    message = refused(operation)
    assert "'parallax-tests' does not answer (EndpointConnectionError)" in message


@every_operation
def test_a_bucket_that_is_not_there_is_named(
    bucket: Bucket, local: Path, settings: Settings, operation: Callable[[], object]
) -> None:
    settings.S3_BUCKET = "of-nobody"
    message = refused(operation)
    assert "'of-nobody' does not exist; make it, or correct S3_BUCKET" in message


@every_operation
def test_a_wrong_key_is_named(
    bucket: Bucket, local: Path, operation: Callable[[], object]
) -> None:
    with authenticating(bucket):
        message = refused(operation)
    assert "refuses us; check S3_ACCESS_KEY_ID" in message
    assert "(InvalidAccessKeyId)" in message


def test_a_key_that_may_not_do_it_is_named(bucket: Bucket, local: Path) -> None:
    with served(403, b"<Error><Code>AccessDenied</Code></Error>") as (address, _):
        bucket.settings.S3_ENDPOINT_URL = address
        assert "refuses us" in refused(lambda: file_publish(PATH))


def test_a_wrong_region_is_named(bucket: Bucket, local: Path) -> None:
    body = b"<Error><Code>AuthorizationHeaderMalformed</Code></Error>"
    with served(400, body) as (address, _):
        bucket.settings.S3_ENDPOINT_URL = address
        assert "correct S3_REGION" in refused(lambda: list(file_list("room")))


def test_an_endpoint_that_is_no_address_is_named(bucket: Bucket, local: Path) -> None:
    bucket.settings.S3_ENDPOINT_URL = "minio:9000"
    assert "S3_ENDPOINT_URL is no address" in refused(lambda: file_publish(PATH))


def test_no_key_at_all_is_named(
    bucket: Bucket, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    bucket.settings.S3_ACCESS_KEY_ID = bucket.settings.S3_SECRET_ACCESS_KEY = None
    message = refused(lambda: file_publish(PATH))
    assert "There is no key for the bucket" in message


def test_a_server_that_accepts_and_says_nothing_is_given_up_on(
    bucket: Bucket, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bucket.settings.S3_ENDPOINT_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "ReadTimeoutError" in refused(lambda: file_publish(PATH))


def test_the_waits_are_bounded(bucket: Bucket) -> None:
    config = module.bucket_connect().connection.meta.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 30)
    assert config.retries["total_max_attempts"] == 3


# --- a download that breaks off


@contextmanager
def served(
    status: int, body: bytes, *, promised: int | None = None, cut: int = 10**6
) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer, and give its address and what was asked.

    Args:
        status: The answer's.
        body: Its bytes.
        promised: The length that it claims to have; None: its own.
        cut: So many answers are short of what they promise, those after them whole.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked.append(self.command)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            whole = promised is None or len(asked) > cut
            self.send_response(status)
            length = len(body) if whole or promised is None else promised
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = _answer  # noqa: N815 - the base's own names

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_download_that_breaks_off_is_tried_once_more(bucket: Bucket) -> None:
    with served(200, b"whole", promised=1_000, cut=1) as (address, asked):
        bucket.settings.S3_ENDPOINT_URL = address
        assert file_local("room/far").read_bytes() == b"whole"
    assert asked == ["GET", "GET"]


def test_a_download_that_keeps_breaking_off_leaves_nothing(bucket: Bucket) -> None:
    with served(200, b"a part", promised=1_000) as (address, asked):
        bucket.settings.S3_ENDPOINT_URL = address
        message = refused(lambda: file_local("room/far"))
    assert "does not answer" in message
    assert asked == ["GET", "GET"]
    assert [one for one in file_path("").rglob("*") if one.is_file()] == []


# --- nobody is stopped by what can be tidied later


def test_deleting_goes_on_when_the_bucket_is_down_and_tells(
    bucket: Bucket, local: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file_publish(PATH)
    bucket.go_down()
    logger = "apps.core.files.port"
    with caplog.at_level(logging.WARNING, logger):
        file_delete(PATH)
        folder_delete("room")
    assert not local.exists()
    told = [one.getMessage() for one in caplog.records if one.name == logger]
    assert [one.split(":")[0] for one in told] == [
        "room/one stays in the bucket",
        "room stays in the bucket",
    ]
    bucket.come_back()
    assert bucket.paths() == {PATH}


def test_the_secret_key_is_in_no_message_and_no_log(
    bucket: Bucket,
    local: Path,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        file_publish(PATH)
        link = file_link(PATH, filename="one", content_type="text/plain")
        bucket.go_down()
        with pytest.raises(StorageUnavailable) as caught:
            file_publish(PATH)
        settings.S3_ACCESS_KEY_ID = SecretStr("x" * 20)
        with pytest.raises(StorageUnavailable):
            list(file_list("room"))
    assert len(caplog.records) > 10
    told = "".join(one.getMessage() + str(one.exc_info) for one in caplog.records)
    assert SECRET not in told + str(link) + repr(caught.value.__cause__)
    assert SECRET not in "".join(capfd.readouterr())

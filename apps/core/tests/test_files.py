"""Stored files: on one machine, or shared by all of them through a bucket."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from apps.core.files import (
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
from apps.core.files.errors import StoredFileDamaged

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from apps.core.tests.bucket import Bucket

CONTENT = bytes(range(256)) * 999
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def write(path: str, content: bytes = CONTENT) -> Path:
    local = file_path(path)
    local.parent.mkdir(parents=True, exist_ok=True)
    local.write_bytes(content)
    return local


def here() -> set[str]:
    """Return all files on this machine, those that are not whole too."""
    root = file_path("")
    return {
        one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()
    }


# --- without a bucket


def test_without_a_bucket_the_data_directory_is_the_store() -> None:
    write("room/a/one")
    file_publish("room/a/one")
    folder_publish("room/a")
    file_hand_over("room/a/one")
    assert not files_shared()
    assert [(one.path, one.size) for one in file_list("room")] == [
        ("room/a/one", len(CONTENT))
    ]
    assert file_local("room/a/one", sha256="of something else").read_bytes() == CONTENT
    assert file_link("room/a/one", filename="one", content_type="text/plain") is None
    assert stored_path(file_path("room/a/one")) == "room/a/one"
    file_delete("room/a/one")
    folder_delete("room/a")
    assert not file_local("room/a/one").exists()
    assert not file_path("room/a").exists()


def test_without_a_bucket_nothing_of_its_client_is_loaded() -> None:
    code = (
        "import django, sys; django.setup(); import config.asgi, config.urls;"
        "from apps.core.files import file_list, file_local;"
        "list(file_list('room')); file_local('room/a');"
        "print('boto3' in sys.modules, 'storages' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "S3_BUCKET": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]


# --- with one


def test_what_one_machine_publishes_another_reads(
    bucket: Bucket, tmp_path: Path
) -> None:
    write("room/a/one")
    file_publish("room/a/one")
    bucket.other_machine(tmp_path / "other")
    assert files_shared()
    local = file_local("room/a/one", sha256=SHA256)
    assert local.read_bytes() == CONTENT
    assert here() == {"room/a/one"}
    bucket.go_down()
    # Once it is here, nobody needs to be asked.
    assert file_local("room/a/one", sha256=SHA256) == local


def test_a_file_is_published_before_it_is_renamed(bucket: Bucket) -> None:
    file_publish("room/final", source=write("scratch/partial"))
    assert bucket.paths() == {"room/final"}
    assert here() == {"scratch/partial"}


def test_what_is_handed_over_leaves_no_copy_behind(
    bucket: Bucket, tmp_path: Path
) -> None:
    write("uploads/one")
    file_hand_over("uploads/one")
    assert here() == set()
    bucket.other_machine(tmp_path / "other")
    assert file_local("uploads/one").read_bytes() == CONTENT


def test_many_may_fetch_the_same_file_at_once(bucket: Bucket, tmp_path: Path) -> None:
    write("room/one")
    file_publish("room/one")
    bucket.other_machine(tmp_path / "other")
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda _: file_local("room/one").read_bytes(), range(16))
        )
    assert found == [CONTENT] * 16
    assert here() == {"room/one"}


def test_a_listing_tells_path_size_and_time_of_every_object(bucket: Bucket) -> None:
    for name in ("room/a/one", "room/two", "rooms/three"):
        write(name)
        file_publish(name)
    found = {one.path: one for one in file_list("room")}
    assert found.keys() == {"room/a/one", "room/two"}
    assert {one.size for one in found.values()} == {len(CONTENT)}
    assert all(abs(one.modified - time.time()) < 60 for one in found.values())


def test_deleting_a_file_removes_copy_and_object_and_may_be_repeated(
    bucket: Bucket,
) -> None:
    for name in ("room/one", "room/one-more"):
        write(name)
        file_publish(name)
    file_delete("room/one")
    file_delete("room/one")
    assert bucket.paths() == here() == {"room/one-more"}


def test_deleting_a_folder_leaves_what_only_begins_with_its_name(
    bucket: Bucket, tmp_path: Path
) -> None:
    for name in ("room/1/a", "room/1/b/c", "room/10/a"):
        write(name)
        file_publish(name)
    # What was never fetched here goes as well.
    bucket.other_machine(tmp_path / "other")
    folder_delete("room/1")
    assert bucket.paths() == {"room/10/a"}


def test_a_folder_is_published_as_a_whole_or_not_at_all(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kept/x", "room/a", "room/b", "room/c"):
        write(name)
    folder_publish("kept")
    folder_publish("room")
    assert bucket.paths() == {"kept/x", "room/a", "room/b", "room/c"}
    folder_delete("room")
    for name in ("room/a", "room/b", "room/c"):
        write(name)
    save = S3Storage.save

    def second_fails(storage: S3Storage, name: str, content: object) -> str:
        if name == "room/b":
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        return str(save(storage, name, content))

    monkeypatch.setattr(S3Storage, "save", second_fails)
    with pytest.raises(Exception, match=r"failed; try again \(SlowDown\)"):
        folder_publish("room")
    assert bucket.paths() == here() == {"kept/x"}


def test_an_object_that_is_gone_is_no_file_and_has_no_link(bucket: Bucket) -> None:
    assert not file_local("room/none").exists()
    with pytest.raises(FileNotFoundError):
        file_link("room/none", filename="none", content_type="text/plain")
    # Its name alone is not enough.
    bucket.put("room/none-of-these", b"")
    with pytest.raises(FileNotFoundError):
        file_link("room/none", filename="none", content_type="text/plain")


def test_an_object_that_was_changed_is_refused_and_not_kept(bucket: Bucket) -> None:
    bucket.put("room/one", b"other bytes")
    with pytest.raises(StoredFileDamaged, match=f"was stored with {SHA256[:12]}"):
        file_local("room/one", sha256=SHA256)
    assert here() == set()


def test_a_link_gives_the_very_bytes_to_anyone_for_a_while(
    bucket: Bucket, settings: Settings
) -> None:
    write("room/one")
    file_publish("room/one")
    settings.S3_LINK_SECONDS = 77
    link = file_link("room/one", filename="btc.parquet", content_type="text/x-test")
    assert link is not None
    query = parse_qs(urlsplit(link).query)
    assert query["X-Amz-Expires"] == ["77"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    answer = httpx.get(link, timeout=30)
    assert hashlib.sha256(answer.content).hexdigest() == SHA256
    assert answer.headers["Content-Type"].startswith("text/x-test")
    disposition = answer.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="btc.parquet"'


_SLOW_UPLOAD = """
import django; django.setup()
from boto3.s3.transfer import TransferConfig
from apps.core.files import file_publish
from apps.core.files.bucket import bucket_connect

bucket_connect().transfer_config = TransferConfig(max_bandwidth=4 * 1024**2)
file_publish("room/large")
"""


def test_a_killed_upload_leaves_no_object(bucket: Bucket, settings: Settings) -> None:
    write("room/large", bytes(32 * 1024**2))
    process = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", _SLOW_UPLOAD],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(settings.DATA_DIR),
            "S3_BUCKET": settings.S3_BUCKET,
            "S3_PREFIX": settings.S3_PREFIX,
            "S3_ENDPOINT_URL": settings.S3_ENDPOINT_URL,
            "S3_ACCESS_KEY_ID": settings.S3_ACCESS_KEY_ID.get_secret_value(),
            "S3_SECRET_ACCESS_KEY": settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
        },
    )
    try:
        until = time.monotonic() + 30
        while not bucket.uploading():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert bucket.uploading()
    assert bucket.paths() == set()
    assert list(file_list("room")) == []


def test_reading_a_copy_makes_it_young_again_once_an_hour(
    bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = write("room/one")
    for age, touched in ((3_000, False), (90_000, True)):
        then = time.time() - age
        os.utime(local, (then, then))
        file_local("room/one")
        assert (local.stat().st_mtime > then + 1) is touched
    os.utime(local, (0, 0))

    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", refuse)
        assert file_local("room/one") == local
    # Where there is no bucket, a file's time tells when it was stored.
    settings.S3_BUCKET = ""
    file_local("room/one")
    assert local.stat().st_mtime == 0

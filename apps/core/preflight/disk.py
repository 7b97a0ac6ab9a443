"""Checks of DATA_DIR and of the bucket, where one is set."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.errors import ApplicationError
from apps.core.files import file_delete, file_list, file_local, file_path, file_publish
from apps.core.preflight.contracts import go, no_go, warn

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding

GIB = 1024**3
# Below the first nothing should start; below either of the others somebody should look.
LEAST_BYTES, FEW_BYTES, FEW_FRACTION = GIB, 10 * GIB, 0.10
PROBE = b"preflight"


def disk_check() -> list[Finding]:
    """Write a file to DATA_DIR and onto its disk, and see how much room there is."""
    root = Path(settings.DATA_DIR)
    try:
        written_check(root)
    except OSError as error:
        found = f"DATA_DIR {root} cannot be written: {error.strerror or error}"
        action = "mount it writable for the user that runs the service"
        return [no_go("disk", found, action)]
    usage = shutil.disk_usage(root)
    fraction = usage.free / usage.total
    found = f"{root}: {usage.free / GIB:,.1f} GiB free ({fraction:.0%})"
    action = "free some space, or give DATA_DIR a larger disk"
    if usage.free < LEAST_BYTES:
        return [no_go("disk", found, action)]
    if usage.free < FEW_BYTES or fraction < FEW_FRACTION:
        return [warn("disk", found, action)]
    return [go("disk", found)]


def written_check(folder: Path) -> None:
    """Write a file to a folder, wait until it is on the disk, and remove it.

    Raises:
        OSError: That is not possible.
    """
    # With a name: some kernels let a file without one be written to a read-only mount.
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".preflight-") as file:
        file.write(PROBE)
        file.flush()
        os.fsync(file.fileno())


def bucket_check() -> list[Finding]:
    """Put a probe into the bucket, list it, get it back and delete it."""
    if not settings.S3_BUCKET:
        return []
    path = f"preflight/{os.urandom(8).hex()}"
    local = file_path(path)
    try:
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(PROBE)
        file_publish(path)
        local.unlink()
        listed = [one.path for one in file_list("preflight")]
        back = file_local(path).read_bytes()
    except ApplicationError as error:
        return [no_go("bucket", error.message, "see S3_* in .env.example")]
    except OSError as error:
        found = f"what was put could not be got back: {error.strerror or error}"
        return [no_go("bucket", found, "let this key put, list, get and delete")]
    finally:
        file_delete(path)
        shutil.rmtree(local.parent, ignore_errors=True)
    if back != PROBE or path not in listed:
        found = "what was put did not come back as it was"
        return [no_go("bucket", found, "use a service that lists what was just put")]
    return [go("bucket", f"{settings.S3_BUCKET}: put, listed, got and deleted")]

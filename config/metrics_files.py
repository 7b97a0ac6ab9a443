"""Where gunicorn's workers count, so that a scrape of one of them tells of all.

Each worker counts in files of its own, in a directory in memory. The files belong to a
worker's place, not to its process: who takes the place of a worker that ended counts on
in them. So recycled workers lose nothing, and there are no more files than places.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from itertools import count
from typing import Any

from prometheus_client import multiprocess, values

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# On memory, and writable where nothing else is.
PARENT = "/dev/shm"  # noqa: S108

# The master's; it serves nobody.
_place = 0
_owner = 0


def files_open() -> None:
    """Make a fresh directory, once in the master, before the application is loaded."""
    global _owner  # noqa: PLW0603 - gunicorn reads its configuration more than once
    if _owner:
        return
    _owner = os.getpid()
    # Never one that is inherited: another master may be counting there.
    folder = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="parallax-", dir=PARENT)
    values.ValueClass = values.MultiProcessValue(lambda: _place)  # type: ignore[no-untyped-call]
    atexit.register(_remove, folder)


def place_choose(server: Any, worker: Any) -> None:
    """Give a worker that is about to be forked the first place that is free."""
    taken = {one.metrics_place for one in server.WORKERS.values()}
    worker.metrics_place = next(place for place in count(1) if place not in taken)


def place_take(_server: Any, worker: Any) -> None:
    """Count in the files of this worker's place from here on."""
    global _place  # noqa: PLW0603 - each process has one
    _place = worker.metrics_place


def place_leave(_server: Any, worker: Any) -> None:
    """Forget what a worker that ended was serving; what it has counted stays."""
    place, folder = worker.metrics_place, os.environ[VARIABLE]
    multiprocess.mark_process_dead(place, folder)  # type: ignore[no-untyped-call]


def _remove(folder: str) -> None:
    # Workers inherit what is registered to run at the end.
    if os.getpid() == _owner:
        shutil.rmtree(folder, ignore_errors=True)

"""Which compiled code belongs to these sources, and where engines find it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOMS = ("engines", "indicators")


def sources_mark(root: Path) -> str:
    """Return a name for what the compiled rooms' sources say, 16 hexadecimal digits.

    numba keeps a compiled function while its own file stays the same, though it holds
    what it calls from other files as well. A folder of its own for each state of all
    sources, and of the libraries, never gives back what another release has compiled.

    Args:
        root: The project's folder.
    """
    digest = hashlib.sha256((root / "requirements.lock").read_bytes())
    for room in ROOMS:
        for path in sorted((root / "apps" / room).rglob("*.py")):
            if "tests" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def engine_environment(cache_dir: Path, root: Path) -> dict[str, str]:
    """Return all that an engine's process is told: where it may cache, and no secret.

    This process is told of the caches as well: jobs run in forks of the worker, which
    must have no threads and share them.

    Args:
        cache_dir: What can be made again is kept there.
        root: Where the sources are.
    """
    caches = {
        "NUMBA_CACHE_DIR": str(cache_dir / "numba" / sources_mark(root)),
        "MPLCONFIGDIR": str(cache_dir / "matplotlib"),
        "OPENBLAS_NUM_THREADS": "1",
    }
    for name, value in caches.items():
        os.environ.setdefault(name, value)
    return caches | {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/tmp"),  # noqa: S108 - the image has no home
        "LANG": "C.UTF-8",
        # OpenMP does not survive a fork.
        "NUMBA_THREADING_LAYER": "workqueue",
    }

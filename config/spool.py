"""Where bodies of requests are kept while they arrive.

Django writes a large body to a temporary file before anybody is asked who sends it. In a
container `/tmp` is memory, of which a few uploads would take all.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The longest that an upload may take to arrive, and then some.
LEFT_SECONDS = 86_400


def spool_open(folder: Path) -> None:
    """Have this process's temporary files lie in a folder, and sweep it.

    Args:
        folder: On a disk; where it cannot be written, the system's own place is kept,
            so that a read-only disk stops uploads alone.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError:
        return
    tempfile.tempdir = str(folder)
    for left in folder.iterdir():
        # Another process may be at work on a younger one, or sweep as well.
        with suppress(OSError):
            if left.is_file() and left.stat().st_mtime < time.time() - LEFT_SECONDS:
                left.unlink()

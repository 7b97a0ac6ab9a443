"""Which compiled code belongs to these sources."""

from __future__ import annotations

import hashlib
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

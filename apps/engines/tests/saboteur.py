"""An engine that goes wrong in the way that its capital asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from apps.engines.registry import EngineSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
SABOTEUR = EngineSpec("saboteur", "", "", "saboteur", "Saboteur", "numba", "", "")
ABORT, HANG, DEVOUR, DEAF, DEFECT, WILD_READ, KILLED, BUSY, STUBBORN = range(1, 10)

CODE = '''
import ctypes, os, signal, time
from apps.engines.adapters.reference.adapter import ReferenceEngine

class Saboteur(ReferenceEngine):
    """Does what its capital says."""

    def run(self, request):
        match int(request.capital):
            case 1: os.abort()
            case 2: time.sleep(60)
            case 3: return bytearray(1 << 40)
            case 4: signal.signal(signal.SIGTERM, signal.SIG_IGN)
            case 5: raise ZeroDivisionError("a defect")
            case 6: ctypes.string_at(0)
            case 7: os.kill(os.getpid(), signal.SIGKILL)
            case 8: pow(7, 10**9)
            case 9:
                signal.signal(signal.SIGALRM, signal.SIG_IGN)
                time.sleep(60)
        return super().run(request)
'''

CAPABILITIES = "from apps.engines.adapters.reference.capabilities import CAPABILITIES\n"


def saboteur_environment(folder: Path) -> Mapping[str, str]:
    """Return the environment of engine processes that know the saboteur.

    Args:
        folder: An empty one, for its code; it must outlive the processes.
    """
    (folder / "sitecustomize.py").write_text(
        "from apps.engines import registry\n"
        "from apps.engines.registry import EngineSpec\n"
        f"registry.ENGINES += ({SABOTEUR!r},)\n"
    )
    package = folder / "saboteur"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "adapter.py").write_text(CODE)
    (package / "capabilities.py").write_text(CAPABILITIES)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"],
        "PYTHONPATH": f"{folder}:{ROOT}",
    }

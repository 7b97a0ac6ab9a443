"""How the parts of a compiled strategy are compiled."""

from __future__ import annotations

from typing import Any

from numba import njit

# A part is called from compiled code alone: a way in from Python, which takes longest to
# compile where a backtest is handed over, is left out.
PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

part = njit(**PART)

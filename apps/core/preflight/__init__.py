"""Whether this installation may go live: a list of checks, each with its verdict.

A check is a function without arguments that returns findings. Rooms register theirs by
dotted name in their `AppConfig.ready`, so that nothing is imported before it is asked.
"""

from __future__ import annotations

from apps.core.preflight.contracts import Finding, Verdict
from apps.core.preflight.registry import preflight_check

__all__ = ["Finding", "Verdict", "preflight_check"]

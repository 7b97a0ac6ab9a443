"""An engine, as it is told to a client."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from apps.engines.registry import (
    engine_capabilities,
    engine_version,
    unavailable_reason,
)

if TYPE_CHECKING:
    from apps.engines.registry import EngineSpec


def engine_describe(spec: EngineSpec) -> dict[str, Any]:
    """Return everything that a client may know of an engine."""
    reason = unavailable_reason(spec)
    return {
        "name": spec.name,
        "title": spec.title,
        "description": spec.description,
        "licence": spec.licence,
        "available": reason is None,
        "unavailable_reason": reason,
        "version": engine_version(spec),
        "capabilities": asdict(engine_capabilities(spec)),
    }

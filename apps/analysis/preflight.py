"""Check of the engines: each is started in its own process, as a job would start it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.preflight.contracts import go, no_go, warn
from apps.engines.errors import EngineUnavailable
from apps.engines.registry import engine_list, engine_version, unavailable_reason
from apps.engines.runner.pool import EnginePool

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding
    from apps.engines.registry import EngineSpec

START_SECONDS = 14.0
POLL_SECONDS = 0.1


def engines_check() -> list[Finding]:
    """Start every engine that is installed and wait until it has run a sample."""
    until = time.monotonic() + START_SECONDS
    with EnginePool(
        idle_seconds=START_SECONDS,
        environment=settings.ENGINE_PROCESS_ENVIRONMENT,
        root=Path(settings.BASE_DIR),
    ) as pool:
        specs = engine_list()
        for spec in specs:
            if unavailable_reason(spec) is None:
                # All at once: they become warm while the first is waited for.
                pool.ensure(spec.name)
        return [_engine(spec, pool, until) for spec in specs]


def _engine(spec: EngineSpec, pool: EnginePool, until: float) -> Finding:
    name = f"engine {spec.name}"
    reason = unavailable_reason(spec)
    if reason is not None:
        return warn(name, "not installed", f"{reason} Or do without it")
    version = f"{spec.title} with {spec.distribution} {engine_version(spec)}"
    try:
        while not Path(pool.ensure(spec.name)).exists():
            if time.monotonic() > until:
                found = f"{version}: not warm within {START_SECONDS:g} s"
                return warn(name, found, "run preflight again: a first start compiles")
            time.sleep(POLL_SECONDS)
    except EngineUnavailable as error:
        return no_go(name, error.message, "install what it misses, or remove it")
    return go(name, f"{version}: started and ran a sample")

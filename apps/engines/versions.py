"""Which versions of which libraries took part."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def version_of(distribution: str) -> str | None:
    """Return the installed version, or None; looks on disk once, imports nothing."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def versions_of(*distributions: str) -> dict[str, str]:
    """Return name and version of those that are installed."""
    found = {name: version_of(name) for name in distributions}
    return {name: value for name, value in found.items() if value is not None}

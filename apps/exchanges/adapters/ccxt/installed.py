"""Which ccxt is installed and which exchanges it has, read without importing it.

To import ccxt takes seconds and 80 MB, because it imports every exchange that it has:
a web process, which only lists them, must not.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version as package_version
from importlib.util import find_spec
from pkgutil import iter_modules


@cache
def version() -> str | None:
    """Return the version of ccxt, or None where it is not installed."""
    try:
        return package_version("ccxt")
    except PackageNotFoundError:
        return None


@cache
def ids() -> tuple[str, ...]:
    """Return the ids of ccxt's exchanges, sorted; none where it is not installed."""
    spec = find_spec("ccxt")
    if spec is None or spec.submodule_search_locations is None:
        return ()
    # One module each, whether as source or, as in the image, as bytecode alone.
    found = iter_modules(spec.submodule_search_locations)
    return tuple(sorted(one.name for one in found if not one.ispkg))

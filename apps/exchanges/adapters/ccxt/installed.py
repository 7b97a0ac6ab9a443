"""Which ccxt is installed and which exchanges it has, read without importing it.

To import ccxt takes seconds and 80 MB, because it imports every exchange that it has:
a web process, which only lists them, must not.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.metadata import PackageNotFoundError, version as package_version
from importlib.util import find_spec
from pathlib import Path


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
    return _names("ccxt")


def _names(package: str) -> tuple[str, ...]:
    """Read the list `exchanges` from the source of a package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return ()
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for statement in tree.body:
        if not isinstance(statement, ast.Assign):
            continue
        names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
        if names == ["exchanges"]:
            return tuple(sorted(ast.literal_eval(statement.value)))
    return ()

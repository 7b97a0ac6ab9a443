"""All exchanges with what they can do, built once by a child process and kept as a file.

To know what ccxt's exchanges can do, ccxt has to be imported, which takes seconds and
memory: a child process does it once for each version of ccxt, and everyone else reads
its JSON.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.exchanges.errors import ExchangeUnavailable, ExchangeUnknown
from apps.exchanges.ports import Capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILDER = "apps.exchanges.adapters.ccxt.catalogue"
_INSTALLED = "apps.exchanges.adapters.ccxt.installed"
_SIMULATED = "apps.exchanges.adapters.simulated.capabilities"
# Of the file: another number when its layout changes.
_LAYOUT = 1
_BUILD_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ExchangeEntry:
    """An exchange as it is known without asking it.

    Attributes:
        id: How clients call it.
        name: How people call it.
        countries: Where it is at home, ISO 3166-1 alpha-2.
        www: Its site; None where not known.
        docs: Its own documentation of its interface.
        needs_password: Whether its keys have a third part.
        capabilities: What it can do.
    """

    id: str
    name: str
    countries: tuple[str, ...]
    www: str | None
    docs: tuple[str, ...]
    needs_password: bool
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All exchanges.

    Attributes:
        version: Of ccxt; None where it is not installed.
        entries: By id.
        reason: Why exchanges are missing, for a person; empty where none are.
    """

    version: str | None
    entries: tuple[ExchangeEntry, ...]
    reason: str

    def get(self, exchange: str) -> ExchangeEntry:
        """Return one exchange.

        Raises:
            ExchangeUnknown: There is none of this name; near ones are offered.
            ExchangeUnavailable: ccxt, which would know, is not installed.
        """
        known = {entry.id: entry for entry in self.entries}
        if exchange in known:
            return known[exchange]
        if self.reason:
            raise ExchangeUnavailable(self.reason, attr="exchange")
        raise ExchangeUnknown.among(exchange, known)


def catalogue_read(folder: Path) -> Catalogue:
    """Return all exchanges; the first call for a version of ccxt takes some seconds.

    Args:
        folder: Where the file is kept, such as the cache of the service.

    Raises:
        ExchangeUnavailable: The child process that builds it failed.
    """
    version: str | None = import_module(_INSTALLED).version()
    if version is None:
        reason = "ccxt is not installed; install it with `uv sync`."
        return Catalogue(None, (_simulated(),), reason)
    path = folder / f"exchanges-{_LAYOUT}-{version}.json"
    if not path.is_file():
        _build(path)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int) -> Catalogue:
    """Read the file; it is read anew when it changed."""
    del changed_ns
    told = json.loads(path.read_bytes())
    entries = [_simulated(), *(_entry(each) for each in told["exchanges"])]
    entries.sort(key=lambda entry: entry.id)
    return Catalogue(told["version"], tuple(entries), "")


def _entry(told: dict[str, Any]) -> ExchangeEntry:
    can = told["capabilities"]
    return ExchangeEntry(
        id=told["id"],
        name=told["name"],
        countries=tuple(told["countries"]),
        www=told["www"],
        docs=tuple(told["docs"]),
        needs_password=told["needs_password"],
        capabilities=Capabilities(**can | {"timeframes": tuple(can["timeframes"])}),
    )


def _simulated() -> ExchangeEntry:
    """Return the synthetic venue's entry; numpy is not imported for it."""
    return ExchangeEntry(
        id="simulated",
        name="Simulated",
        countries=(),
        www=None,
        docs=(),
        needs_password=False,
        capabilities=import_module(_SIMULATED).CAPABILITIES,
    )


def _build(path: Path) -> None:
    """Let a child write the file, unless another process just did."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".lock")):
        if path.is_file():
            return
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", _BUILDER],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            message = f"the list of exchanges could not be built: {' '.join(last)}"
            raise ExchangeUnavailable(message)
        _write(path, done.stdout)


def _write(path: Path, content: bytes) -> None:
    """Write whole or not at all: a reader never sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Which engines there are, and whether they can be used; imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from apps.engines.errors import EngineUnavailable, EngineUnknown
from apps.engines.versions import version_of

if TYPE_CHECKING:
    from apps.engines.contracts import Capabilities, Engine


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine as it is known without being imported.

    Attributes:
        name: How clients call it.
        title: How people call it.
        licence: Of the engine, as its authors state it.
        package: The adapter's package, dotted.
        factory: The adapter's class, in the package's module `adapter`.
        distribution: What must be installed.
        extra: The project's extra that installs it; empty when it is always there.
        description: What it is, in a sentence.
    """

    name: str
    title: str
    licence: str
    package: str
    factory: str
    distribution: str
    extra: str
    description: str


ENGINES: tuple[EngineSpec, ...] = (
    EngineSpec(
        name="reference",
        title="Reference",
        licence="Apache-2.0",
        package="apps.engines.adapters.reference",
        factory="ReferenceEngine",
        distribution="numba",
        extra="",
        description="The fill contract itself, as one small compiled kernel.",
    ),
    EngineSpec(
        name="vectorbt",
        title="vectorbt",
        licence="Apache-2.0 with Commons Clause",
        package="apps.engines.adapters.vectorbt",
        factory="VectorbtEngine",
        distribution="vectorbt",
        extra="vectorbt",
        description="Vectorised simulation over arrays, made to honour the contract.",
    ),
    EngineSpec(
        name="nautilus",
        title="NautilusTrader",
        licence="LGPL-3.0-or-later",
        package="apps.engines.adapters.nautilus",
        factory="NautilusEngine",
        distribution="nautilus_trader",
        extra="nautilus",
        description="Event-driven simulation with an exact matching engine.",
    ),
    EngineSpec(
        name="freqtrade",
        title="freqtrade",
        licence="GPL-3.0",
        package="apps.engines.adapters.freqtrade",
        factory="FreqtradeEngine",
        distribution="freqtrade",
        extra="freqtrade",
        description="A trading bot's own backtesting, run as its own program on files.",
    ),
    EngineSpec(
        name="hftbacktest",
        title="hftbacktest",
        licence="MIT",
        package="apps.engines.adapters.hftbacktest",
        factory="HftbacktestEngine",
        distribution="hftbacktest",
        extra="hftbacktest",
        description="Market orders through an order book, with latency and depth.",
    ),
)


def engine_list() -> tuple[EngineSpec, ...]:
    """Return all engines that Parallax knows, installed or not."""
    return ENGINES


def engine_get(name: str) -> EngineSpec:
    """Return one engine.

    Raises:
        EngineUnknown: There is none of this name; near names are offered.
    """
    known = {spec.name: spec for spec in ENGINES}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"There is no engine {name[:40]!r}; known: {', '.join(known)}.{hint}"
    raise EngineUnknown(msg, attr="engines")


def engine_version(spec: EngineSpec) -> str | None:
    """Return the installed version, or None when it is not installed."""
    return version_of(spec.distribution)


def unavailable_reason(spec: EngineSpec) -> str | None:
    """Return why the engine cannot be used, or None when it can."""
    if engine_version(spec) is not None:
        return None
    return (
        f"{spec.distribution} is not installed; "
        f"install it with `uv sync --extra {spec.extra}`."
    )


def engine_capabilities(spec: EngineSpec) -> Capabilities:
    """Return what the engine can honour; imports no engine."""
    module = import_module(f"{spec.package}.capabilities")
    found: Capabilities = module.CAPABILITIES
    return found


def engine_load(name: str) -> Engine:
    """Import an engine and return it, ready to run.

    Raises:
        EngineUnknown: There is none of this name.
        EngineUnavailable: It is not installed.
    """
    spec = engine_get(name)
    reason = unavailable_reason(spec)
    if reason is not None:
        raise EngineUnavailable(reason, attr="engines")
    module = import_module(f"{spec.package}.adapter")
    engine: Engine = getattr(module, spec.factory)()
    return engine

"""How the suites run an engine, and what being the same as the reference means."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pytest

from apps.engines.contracts import PreparingEngine, Sizing, SizingKind
from apps.engines.errors import UnsupportedByEngine
from apps.engines.registry import (
    engine_capabilities,
    engine_get,
    engine_list,
    engine_load,
    unavailable_reason,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import Engine, Protection, RunRequest, RunResult

ENGINES = [spec.name for spec in engine_list()]
OTHERS = [name for name in ENGINES if name != "reference"]
# A program, which takes seconds to start and next to nothing for one more request: what
# it is asked is asked in batches.
BATCHED = ["freqtrade"]
STOPS = ("stop_loss", "take_profit", "trailing_stop")
# What an engine may refuse of a long strategy; to refuse more is a step back.
REFUSED = {
    "vectorbt": {"trailing_stop", "sizing.kind"},
    "hftbacktest": {*STOPS, "sizing.kind"},
}
STAKE = Sizing(SizingKind.FIXED_QUOTE, 1_000.0)


@runtime_checkable
class Batching(PreparingEngine, Protocol):
    """An engine that runs several requests in one program."""

    def run_many(self, requests: Sequence[RunRequest]) -> list[RunResult]:
        """Run all requests, which have one fee."""
        ...

    def warm(self) -> None:
        """Start the program that the next batch will use."""
        ...

    def close(self) -> None:
        """End the program that waits."""
        ...


@cache
def engine(name: str) -> Engine:
    """Return an engine; skips the test where it is not installed."""
    reason = unavailable_reason(engine_get(name))
    if reason is not None:
        pytest.skip(reason)
    return engine_load(name)


def run_all(name: str, requests: Sequence[RunRequest]) -> list[RunResult]:
    """Run requests of one fee, together where the engine can."""
    loaded = engine(name)
    if not isinstance(loaded, Batching):
        return [loaded.run(request) for request in requests]
    with closing(loaded.prepare()):
        # The next program starts while this one works.
        loaded.warm()
        return loaded.run_many(requests)


def refusals(
    name: str, protection: Protection, sizing: SizingKind, *, shorts: bool = False
) -> list[str]:
    """Return the options that an engine does not claim, in the order of its findings."""
    can = engine_capabilities(engine_get(name))
    found = ["entry.short"] if shorts and not can.shorts else []
    found += [
        stop for stop in STOPS if getattr(protection, stop) and not getattr(can, stop)
    ]
    return found + ([] if sizing in can.sizing else ["sizing.kind"])


def honoured(name: str, request: RunRequest) -> RunRequest:
    """Return the request without what the engine refuses by name, and see that it does."""
    refused = refusals(name, request.protection, request.sizing.kind)
    if not refused:
        return request
    assert set(refused) <= REFUSED[name]
    with pytest.raises(UnsupportedByEngine) as raised:
        engine(name).run(request)
    assert [detail.attr for detail in raised.value.details] == refused
    stops = {stop: None for stop in refused if stop in STOPS}
    return replace(
        request,
        protection=replace(request.protection, **stops),
        sizing=STAKE if "sizing.kind" in refused else request.sizing,
    )


def assert_same(request: RunRequest, one: RunResult, other: RunResult) -> None:
    """Check that two results are those of the same trades."""
    for name in (
        *("entry_bar", "exit_bar", "side", "quantity", "entry_price", "exit_price"),
        *("exit_reason", "gaps"),
    ):
        np.testing.assert_array_equal(
            getattr(one.trades, name), getattr(other.trades, name), err_msg=name
        )
    notional = one.trades.quantity * one.trades.entry_price
    difference = np.abs(one.trades.profit - other.trades.profit)
    assert (difference <= 1e-6 * notional).all()
    np.testing.assert_allclose(one.equity, other.equity, atol=1e-6 * request.capital)
    assert one.skipped == other.skipped

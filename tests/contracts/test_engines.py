"""Every engine honours the fill contract: one suite over all adapters."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import Phase, given, settings, strategies as st

from apps.analysis.run_options import protection_of, sizing_of
from apps.engines.contracts import Protection, SizingKind
from apps.engines.errors import UnsupportedByEngine
from apps.engines.refusals import options_check
from apps.engines.registry import engine_capabilities, engine_get
from apps.engines.tests.requests import (
    bars_of,
    batches,
    claimed,
    request_of,
    requests,
)
from apps.engines.verify import result_verify
from apps.strategies.templates import template_list
from tests.contracts.awkward import FLAT
from tests.contracts.running import (
    BATCHED,
    ENGINES,
    OTHERS,
    REFUSED,
    STAKE,
    STOPS,
    assert_same,
    engine,
    honoured,
    refusals,
    run_all,
)

if TYPE_CHECKING:
    from apps.core.errors import ErrorDetail
    from apps.engines.contracts import RunRequest
    from apps.engines.tests.requests import Asked
    from apps.strategies.templates import StrategyTemplate

SINGLE = [name for name in OTHERS if name not in BATCHED]
# freqtrade takes seconds to start, some 50 ms for one more request and 10 ms for one more
# market of each of them: few cases, of many requests over few markets. A failing case is
# not made smaller, since each attempt would start the program again; the request at fault
# is told by its place.
CASES, SERIES, EACH = 3, 2, 15


def asked(name: str) -> Asked:
    return claimed(engine_capabilities(engine_get(name)))


@pytest.mark.parametrize("name", SINGLE)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_request_gives_the_trades_of_the_reference(
    name: str, data: st.DataObject
) -> None:
    request = data.draw(requests(asked=asked(name)))
    result = engine(name).run(request)
    result_verify(request, result)
    assert_same(request, engine("reference").run(request), result)


@pytest.mark.parametrize("name", BATCHED)
@settings(
    max_examples=CASES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(data=st.data())
def test_any_requests_together_give_the_trades_of_the_reference(
    name: str, data: st.DataObject
) -> None:
    found = data.draw(batches(asked=asked(name), series=SERIES, each=EACH))
    for number, (request, result) in enumerate(
        zip(found, run_all(name, found), strict=True)
    ):
        try:
            result_verify(request, result)
            assert_same(request, engine("reference").run(request), result)
        except AssertionError as error:
            error.add_note(f"request {number} of the batch: {request}")
            raise


@settings(max_examples=100, deadline=None)
@given(request_=requests(asked=asked("reference")))
def test_the_reference_keeps_its_books_whatever_is_asked(request_: RunRequest) -> None:
    result_verify(request_, engine("reference").run(request_))


@pytest.mark.parametrize("name", ENGINES)
def test_a_run_repeats_exactly_and_does_not_change_what_it_was_given(name: str) -> None:
    bars = bars_of([FLAT, (100, 106, 94, 101)] * 20)
    request = request_of(bars, enter=range(0, 38, 5), protection=Protection(0.05, 0.05))
    request = honoured(name, request)
    before = json.dumps(_plain(request))
    (first,), (second,) = run_all(name, [request]), run_all(name, [request])
    assert json.dumps(_plain(request)) == before
    assert len(first.trades) > 0
    assert_same(request, first, second)
    np.testing.assert_array_equal(first.equity, second.equity)


def _plain(request: RunRequest) -> list[list[float]]:
    bars, signals = request.bars, request.signals
    arrays = (bars.open, bars.high, bars.low, bars.close, signals.entry_long)
    return [array.tolist() for array in arrays]


def _unclaimed() -> list[tuple[str, Protection, SizingKind, bool]]:
    stops = [Protection(), *(Protection(**{stop: 0.02}) for stop in STOPS)]
    return [
        (name, protection, kind, shorts)
        for name, protection, kind, shorts in product(
            ENGINES, stops, SizingKind, (False, True)
        )
        if refusals(name, protection, kind, shorts=shorts)
    ]


@pytest.mark.parametrize(("name", "protection", "kind", "shorts"), _unclaimed())
def test_an_option_that_an_engine_cannot_honour_is_refused_by_name(
    name: str, protection: Protection, kind: SizingKind, *, shorts: bool
) -> None:
    request = request_of(
        bars_of([FLAT] * 5),
        enter=[0],
        enter_short=[2] if shorts else [],
        protection=protection,
        sizing=replace(STAKE, kind=kind),
    )
    with pytest.raises(UnsupportedByEngine) as raised:
        engine(name).run(request)
    found: tuple[ErrorDetail, ...] = raised.value.details
    expected = refusals(name, protection, kind, shorts=shorts)
    assert [one.attr for one in found] == expected


@pytest.mark.parametrize("template", template_list(), ids=lambda one: one.key)
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_honours_every_template_or_refuses_its_stops_by_name(
    name: str, template: StrategyTemplate
) -> None:
    definition = template.definition
    protection, sizing = protection_of(definition), sizing_of(definition).kind
    shorts = definition.entry.short is not None
    expected = refusals(name, protection, sizing, shorts=shorts)
    assert set(expected) <= REFUSED.get(name, set())
    if not expected:
        return
    with pytest.raises(UnsupportedByEngine) as raised:
        options_check(
            engine=name,
            capabilities=engine_capabilities(engine_get(name)),
            shorts=shorts,
            protection=protection,
            sizing=sizing,
        )
    assert [detail.attr for detail in raised.value.details] == expected

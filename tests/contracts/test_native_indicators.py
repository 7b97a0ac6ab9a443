"""An engine's own indicators stand in for ours: the same names, outputs and inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from apps.engines.contracts import IndicatorEngine, IndicatorRequest
from apps.engines.registry import (
    engine_capabilities,
    engine_get,
    engine_list,
    engine_load,
    unavailable_reason,
)
from apps.indicators.catalogue import indicator_get, parameters_resolve
from apps.indicators.compute import indicator_compute

BARS = 400
# By its own definition it may see another market; it must at least move with ours.
ALIKE = 0.7

OWN = [
    (spec.name, indicator)
    for spec in engine_list()
    for indicator in engine_capabilities(spec).native_indicators
]


def series() -> dict[str, Any]:
    rng = np.random.default_rng(11)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, BARS)))
    open_ = np.append(100.0, close[:-1])
    return {
        "real": close,
        "open": open_,
        "high": np.maximum(open_, close) * 1.003,
        "low": np.minimum(open_, close) * 0.997,
        "close": close,
        "volume": rng.random(BARS) * 50,
        "time": 1_600_000_000_000_000_000 + np.arange(BARS) * 3_600_000_000_000,
    }


@pytest.mark.parametrize(("engine", "name"), OWN)
def test_an_engines_own_indicator_can_take_the_place_of_ours(
    engine: str, name: str
) -> None:
    reason = unavailable_reason(engine_get(engine))
    if reason is not None:
        pytest.skip(reason)
    loaded = engine_load(engine)
    assert isinstance(loaded, IndicatorEngine)
    spec = indicator_get(name)
    inputs = {column: series()[column] for column in spec.inputs}
    parameters = parameters_resolve(spec, {})
    own = loaded.indicator(IndicatorRequest(name, inputs, parameters))
    ours = indicator_compute(name, inputs, {})
    assert list(own) == list(ours)
    for output, values in ours.items():
        assert own[output].shape == values.shape
        late = np.isfinite(values) & (np.arange(BARS) >= BARS // 2)
        assert np.isfinite(own[output][late]).all()
        assert np.corrcoef(own[output][late], values[late])[0, 1] > ALIKE

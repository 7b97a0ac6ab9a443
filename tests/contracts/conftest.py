"""What the suites keep ready between their batches ends with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.running import BATCHED, Batching, engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", autouse=True)
def _ready_programs() -> Iterator[None]:
    yield
    for name in BATCHED:
        loaded = engine(name)
        assert isinstance(loaded, Batching)
        loaded.close()

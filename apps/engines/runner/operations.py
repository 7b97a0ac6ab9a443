"""Which of an engine's operations a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engines.captures import CaptureReader, CaptureRequest
from apps.engines.contracts import IndicatorEngine, IndicatorRequest, RunRequest
from apps.engines.errors import UnsupportedByEngine
from apps.engines.market_making import MarketMaker, MarketMakingRequest

if TYPE_CHECKING:
    from apps.engines.contracts import Engine
    from apps.engines.runner.wire import Request


def engine_answer(engine: Engine, request: Request) -> Any:
    """Do what a request asks for.

    Raises:
        UnsupportedByEngine: The engine does no such thing.
        EngineError: As the operation itself does.
    """
    if isinstance(request, RunRequest):
        return engine.run(request)
    if isinstance(request, IndicatorRequest) and isinstance(engine, IndicatorEngine):
        return engine.indicator(request)
    if isinstance(request, MarketMakingRequest) and isinstance(engine, MarketMaker):
        return engine.market_make(request)
    if isinstance(request, CaptureRequest) and isinstance(engine, CaptureReader):
        return engine.capture(request)
    msg = f"The engine does not take a {type(request).__name__}."
    raise UnsupportedByEngine(msg, attr="engines")

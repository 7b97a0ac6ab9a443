"""Shapes of what is sent to the market room and what it answers."""

from __future__ import annotations

from apps.market.serializers.candles import (
    CandleSeriesOutput,
    CandlesImportInput,
    CandlesPageOutput,
    CandlesQuery,
    CandlesSimulateInput,
    InstrumentOutput,
    RulesInput,
)
from apps.market.serializers.captures import BookCaptureOutput, CaptureImportInput
from apps.market.serializers.quality import QualityOutput

__all__ = (
    "BookCaptureOutput",
    "CandleSeriesOutput",
    "CandlesImportInput",
    "CandlesPageOutput",
    "CandlesQuery",
    "CandlesSimulateInput",
    "CaptureImportInput",
    "InstrumentOutput",
    "QualityOutput",
    "RulesInput",
)

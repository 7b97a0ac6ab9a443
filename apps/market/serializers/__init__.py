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
from apps.market.serializers.quality import (
    QualityGateInput,
    QualityOutput,
    QualityRecordOutput,
    RunQualityOutput,
    quality_options,
)

__all__ = (
    "BookCaptureOutput",
    "CandleSeriesOutput",
    "CandlesImportInput",
    "CandlesPageOutput",
    "CandlesQuery",
    "CandlesSimulateInput",
    "CaptureImportInput",
    "InstrumentOutput",
    "QualityGateInput",
    "QualityOutput",
    "QualityRecordOutput",
    "RulesInput",
    "RunQualityOutput",
    "quality_options",
)

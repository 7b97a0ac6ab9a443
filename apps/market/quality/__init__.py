"""How good a file's candles are, measured while they stream by.

`RowChecks` sees rows in the file's order and needs no other row; `SequenceChecks` sees
them sorted by time. `QualityReport` is what both found, and the verdict.
"""

from __future__ import annotations

from apps.market.quality.report import QualityReport, quality_verdict
from apps.market.quality.rows import RowChecks
from apps.market.quality.sequence import SequenceChecks
from apps.market.quality.steps import timeframe_settle

__all__ = (
    "QualityReport",
    "RowChecks",
    "SequenceChecks",
    "quality_verdict",
    "timeframe_settle",
)

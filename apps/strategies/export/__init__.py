"""A strategy as a file that runs in an engine, away from Parallax.

What comes out is in the engine's own idiom: indicators, rules, sizing and stops as code.
On the same bars it makes the trades that the fill contract gives.
"""

from __future__ import annotations

from apps.strategies.export.package import (
    ExportEngine,
    ExportFile,
    export_check,
    strategy_export,
)
from apps.strategies.export.subject import ANY_MARKET, Market, Subject

__all__ = [
    "ANY_MARKET",
    "ExportEngine",
    "ExportFile",
    "Market",
    "Subject",
    "export_check",
    "strategy_export",
]

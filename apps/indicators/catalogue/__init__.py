"""The catalogue of indicators: pure data, no numerical library behind it."""

from __future__ import annotations

from apps.indicators.catalogue.registry import (
    indicator_get,
    indicator_list,
    parameters_resolve,
)

__all__ = ["indicator_get", "indicator_list", "parameters_resolve"]

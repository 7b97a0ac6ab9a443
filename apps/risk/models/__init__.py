"""What the risk room remembers, by what it is about."""

from __future__ import annotations

from apps.risk.models.correlations import Correlation
from apps.risk.models.limits import RiskLimits, RiskLimitsVersion
from apps.risk.models.states import RiskEvent, RiskLock, RiskResult, RiskScope
from apps.risk.models.verdicts import Reservation, RiskVerdict

__all__ = (
    "Correlation",
    "Reservation",
    "RiskEvent",
    "RiskLimits",
    "RiskLimitsVersion",
    "RiskLock",
    "RiskResult",
    "RiskScope",
    "RiskVerdict",
)

"""What the gate refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import Conflict, ErrorDetail, NotFound, Unprocessable

if TYPE_CHECKING:
    from apps.risk.contracts import Verdict


class RiskRefused(Unprocessable):
    """An order would overstep a limit; `verdict` has every rule, `details` the failed.

    Args:
        verdict: What the gate said; it refuses.
    """

    code = "risk_refused"

    def __init__(self, verdict: Verdict) -> None:
        failed = [one for one in verdict.rules if not one.passed]
        found = tuple(
            ErrorDetail(self.code, f"{one.rule} ({one.scope}): {one.message}", one.rule)
            for one in failed
        )
        first = found[0].message if found else "The order is refused."
        super().__init__(first, attr=failed[0].rule if failed else None, details=found)
        self.verdict = verdict


class TradingHalted(Conflict):
    """The kill switch is engaged: nothing new is sent."""

    code = "trading_halted"


class TradingReducingOnly(Conflict):
    """Only orders that make a position smaller are sent."""

    code = "trading_reducing_only"


class VerdictNotFound(NotFound):
    """There is no such verdict, or it is somebody else's."""

    code = "risk_verdict_not_found"

"""Whether an account may trade with money, as far as its limits are concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.preflight.contracts import go, no_go, warn
from apps.risk.enums import TradingState
from apps.risk.limit_set import limits_read
from apps.risk.selectors.scopes import scopes_get

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apps.core.preflight.contracts import Finding
    from apps.portfolio.models import Account

# One of each group has to be set before money is traded with.
_SIZE = ("max_order_notional", "max_position_notional", "max_share_of_equity")
_LOSS = ("max_daily_loss", "max_daily_loss_share", "max_drawdown")


def limits_check(account: Account, now: datetime) -> Sequence[Finding]:  # noqa: ARG001
    """Ask whether an account, or its owner, has limits of size and of loss."""
    user, own = scopes_get(account)
    rules = limits_read(user.rules).body() | limits_read(own.rules).body()
    where = f"PUT /api/v1/accounts/{account.pk}/risk/limits/"
    findings: list[Finding] = []
    for name, group in (("limits of size", _SIZE), ("limits of loss", _LOSS)):
        given = [one for one in group if one in rules]
        if given:
            findings.append(go(name, ", ".join(given)))
        else:
            wanted = " or ".join(group)
            findings.append(no_go(name, "none", f"set {wanted}: {where}"))
    if any(row.state == TradingState.HALTED for row in (user, own)):
        action = "POST /api/v1/risk/kill-switch/release/ lets it go on"
        findings.append(warn("kill switch", "engaged", action))
    return findings

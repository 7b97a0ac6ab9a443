"""Whether a result can be believed, before anybody sees it.

An engine is somebody else's program. What it says of a run is held against what must be
true of every run, so that a defect shows as a failed run and not as a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engines.contracts import Mode
from apps.engines.errors import EngineResultInvalid

if TYPE_CHECKING:
    from apps.engines.contracts import RunRequest, RunResult

# Sums of many float64 profits; far below one unit of any quote currency.
RELATIVE = 1e-9


def result_verify(request: RunRequest, result: RunResult) -> None:
    """Check what must be true of every result.

    Raises:
        EngineResultInvalid: Names what is not.
    """
    trades, equity, bars = result.trades, result.equity, request.bars
    exact = request.mode is Mode.EXACT
    # By its own rules an engine may act on the first bar, and turn within one.
    turn, first = (1, 1) if exact else (0, 0)
    checks = {
        "equity must have one value for each bar": len(equity) == len(bars),
        "equity must be finite": bool(np.isfinite(equity).all()),
        "trades must be in order and not overlap": bool(
            (trades.entry_bar[1:] >= trades.exit_bar[:-1] + turn).all()
        ),
        "a trade must not end before it began": bool(
            (trades.exit_bar >= trades.entry_bar).all()
        ),
        "trades must lie within the bars": len(trades) == 0
        or bool(trades.entry_bar[0] >= first and trades.exit_bar[-1] < len(bars)),
        "prices and quantities must be positive": bool(
            (trades.quantity > 0).all()
            and (trades.entry_price > 0).all()
            and (trades.exit_price > 0).all()
        ),
        "equity must end at the capital plus all profits": len(bars) == 0
        or bool(
            np.isclose(
                equity[-1],
                request.capital + trades.profit.sum(),
                rtol=RELATIVE,
                atol=RELATIVE * request.capital,
            )
        ),
        "an option must not be ignored": not (exact and result.ignored),
    }
    broken = [rule for rule, holds in checks.items() if not holds]
    if broken:
        msg = f"The engine's result is not believed: {'; '.join(broken)}."
        raise EngineResultInvalid(msg)

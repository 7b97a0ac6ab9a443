"""What an engine cannot honour is refused by name, before anything runs.

A web process asks here too, so nothing of numpy is imported.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apps.core.errors import ErrorDetail
from apps.engines.errors import UnsupportedByEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import (
        Capabilities,
        Protection,
        RunRequest,
        SizingKind,
    )

# A price of one tick may lie a float error below it.
BELOW = 1 - 1e-9


def options_check(
    *,
    engine: str,
    capabilities: Capabilities,
    shorts: bool,
    protection: Protection,
    sizing: SizingKind,
) -> None:
    """Refuse a strategy's options that the engine cannot honour.

    Args:
        engine: The engine's name.
        capabilities: What it can.
        shorts: Whether the strategy sells short.
        protection: The strategy's stops and target.
        sizing: How the strategy sizes its entries.

    Raises:
        UnsupportedByEngine: One finding for each such option.
    """
    findings = tuple(
        ErrorDetail(
            UnsupportedByEngine.code,
            f"The engine {engine!r} cannot honour {option}; "
            "leave the engine out, or the option.",
            attr,
        )
        for option, attr in _unsupported(capabilities, shorts, protection, sizing)
    )
    if findings:
        first = findings[0]
        raise UnsupportedByEngine(first.message, attr=first.attr, details=findings)


def request_check(
    request: RunRequest, *, engine: str, capabilities: Capabilities
) -> None:
    """Refuse a contract run whose options the engine cannot honour.

    Raises:
        UnsupportedByEngine: One finding for each such option.
    """
    options_check(
        engine=engine,
        capabilities=capabilities,
        shorts=bool(request.signals.entry_short.any()),
        protection=request.protection,
        sizing=request.sizing.kind,
    )


def prices_check(request: RunRequest, *, engine: str) -> None:
    """Refuse prices that nothing can be traded at: below a tick, or no number.

    Raises:
        UnsupportedByEngine: Names the first of them.
    """
    least = BELOW * float(request.market.price_tick)
    for name in ("open", "high", "low", "close"):
        prices = getattr(request.bars, name)
        # Comparisons with what is no number are false.
        if not len(prices) or (prices.min() >= least and prices.max() < math.inf):
            continue
        bar = int((~((prices >= least) & (prices < math.inf))).argmax())
        msg = (
            f"The engine {engine!r} cannot run this: the {name} of bar {bar:,} is "
            f"{float(prices[bar])!r}, which is no price of at least one tick of "
            f"{request.market.price_tick}."
        )
        raise UnsupportedByEngine(msg, attr=f"bars.{name}")


def _unsupported(
    capabilities: Capabilities,
    shorts: bool,  # noqa: FBT001
    protection: Protection,
    sizing: SizingKind,
) -> Iterator[tuple[str, str]]:
    if shorts and not capabilities.shorts:
        yield "short positions", "entry.short"
    if protection.stop_loss and not capabilities.stop_loss:
        yield "a stop loss", "stop_loss"
    if protection.take_profit and not capabilities.take_profit:
        yield "a take profit", "take_profit"
    if protection.trailing_stop and not capabilities.trailing_stop:
        yield "a trailing stop", "trailing_stop"
    if sizing not in capabilities.sizing:
        yield f"sizing by {sizing.value}", "sizing.kind"

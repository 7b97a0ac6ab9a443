"""What an engine cannot honour is refused by name, before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import ErrorDetail
from apps.engines.errors import UnsupportedByEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import Capabilities, Protection, SizingKind


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

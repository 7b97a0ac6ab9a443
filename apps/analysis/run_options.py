"""From a strategy's options to what engines are given: Decimal becomes float64 here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engines.contracts import (
    Costs,
    Execution,
    MarketRules,
    Protection,
    Sizing,
    SizingKind,
)
from apps.strategies.definition import FixedQuoteSizing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from apps.market.models import Instrument
    from apps.strategies.definition import StrategyDefinition


def protection_of(definition: StrategyDefinition) -> Protection:
    """Return the strategy's stops and target."""
    return Protection(
        stop_loss=_number(definition.stop_loss),
        take_profit=_number(definition.take_profit),
        trailing_stop=_number(definition.trailing_stop),
    )


def sizing_kind_of(definition: StrategyDefinition) -> SizingKind:
    """Return how the strategy sizes its entries."""
    return SizingKind(definition.sizing.kind)


def sizing_of(definition: StrategyDefinition) -> Sizing:
    """Return how much an entry of the strategy trades."""
    sizing = definition.sizing
    if isinstance(sizing, FixedQuoteSizing):
        return Sizing(SizingKind.FIXED_QUOTE, float(sizing.amount))
    return Sizing(sizing_kind_of(definition), float(sizing.fraction))


def costs_of(fees: Decimal, slippage: Decimal) -> Costs:
    """Return what trading costs."""
    return Costs(fee_rate=float(fees), slippage_rate=float(slippage))


def execution_of(stored: Mapping[str, Any]) -> Execution:
    """Return the way to the market from what a backtest stores of it: milliseconds."""
    depth = stored.get("level_depth")
    return Execution(
        feed_latency_ns=_nanoseconds(stored.get("feed_latency_ms", 0)),
        order_latency_ns=_nanoseconds(stored.get("order_latency_ms", 0)),
        spread_bps=float(stored.get("spread_bps", 0)),
        levels=int(stored.get("levels", 1)),
        level_depth=None if depth is None else float(depth),
    )


def _nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1_000_000)


def market_rules_of(instrument: Instrument) -> MarketRules:
    """Return the instrument's grid and minimums."""
    return MarketRules(
        price_tick=instrument.price_tick,
        quantity_step=instrument.quantity_step,
        min_quantity=instrument.min_quantity,
        min_notional=instrument.min_notional,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)

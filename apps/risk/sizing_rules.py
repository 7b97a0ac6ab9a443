"""The rules that say how much to trade: numbers in, a quantity out."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.core.exact import WIDE, plain
from apps.measures.sizing import (
    fixed_fraction,
    kelly_of_bets,
    kelly_of_returns,
    step_floor,
    volatility_target,
)
from apps.risk.enums import SizingMethod
from apps.risk.errors.measures import SizingInvalid

if TYPE_CHECKING:
    from uuid import UUID

_ZERO, _ONE = Decimal(0), Decimal(1)
_FINEST = Decimal(1).scaleb(-18)
SOURCES = {
    SizingMethod.FIXED_FRACTION: (
        "equity * fraction / |entry - stop|",
        "Tharp, Trade Your Way to Financial Freedom, McGraw-Hill 1999, ch. 12: percent "
        "risk model",
    ),
    SizingMethod.VOLATILITY_TARGET: (
        "equity * target / (volatility * entry)",
        "Carver, Systematic Trading, Harriman House 2015, ch. 9 and 10",
    ),
    SizingMethod.KELLY_BETS: (
        "f = min(cap, share * (p - (1 - p) / b)); equity * f / |entry - stop|",
        "Kelly, Bell System Technical Journal 35(4), 1956, pp. 917-926; Thorp, The Kelly "
        "Criterion in Blackjack, Sports Betting, and the Stock Market, 2006, section 2",
    ),
    SizingMethod.KELLY_RETURNS: (
        "f = min(cap, share * mean / variance); equity * f / entry",
        "Thorp, The Kelly Criterion in Blackjack, Sports Betting, and the Stock Market, "
        "2006, section 7",
    ),
}


@dataclass(frozen=True, slots=True)
class SizeRequest:
    """What to size; see the API's own description of each."""

    method: str
    side: str
    entry: Decimal
    account_id: UUID | None = None
    symbol: str = ""
    equity: Decimal | None = None
    step: Decimal | None = None
    stop: Decimal | None = None
    fraction: Decimal | None = None
    target: Decimal | None = None
    volatility: Decimal | None = None
    series_id: UUID | None = None
    days: int = 60
    win_rate: Decimal | None = None
    payoff: Decimal | None = None
    mean: Decimal | None = None
    variance: Decimal | None = None
    share: Decimal = Decimal("0.5")
    cap: Decimal = Decimal("0.25")
    max_leverage: Decimal = _ONE


@dataclass(frozen=True, slots=True)
class SizeGrid:
    """The market's smallest amounts; None where it tells none.

    Attributes:
        step: Quantities are multiples of it; base units.
        min_quantity: Base units.
        min_notional: Quote units.
    """

    step: Decimal | None = None
    min_quantity: Decimal | None = None
    min_notional: Decimal | None = None


@dataclass(slots=True)
class PositionSize:
    """How much to trade, and how that was found.

    Attributes:
        method: The rule.
        formula: As text.
        reference: Where it is from.
        quantity: Base units, a multiple of the step; 0 where nothing should be traded.
        unrounded: Before it was brought down to the step.
        notional: `quantity` at the entry, quote units.
        equity: Quote units.
        fraction: Of equity that the rule risks or exposes; after cap and share.
        loss_at_stop: What is lost if the stop is met at its price; None without a stop.
        leverage: Notional in units of equity.
        step: That it was brought down to; None without one.
        volatility: A year, where the rule uses one.
        notes: What changed the number, for people.
    """

    method: str
    formula: str
    reference: str
    quantity: Decimal
    unrounded: Decimal
    notional: Decimal
    equity: Decimal
    fraction: Decimal
    loss_at_stop: Decimal | None
    leverage: Decimal
    step: Decimal | None
    volatility: Decimal | None = None
    notes: list[str] = field(default_factory=list)


_NEEDS = {
    SizingMethod.FIXED_FRACTION: ("stop", "fraction"),
    SizingMethod.VOLATILITY_TARGET: ("target",),
    SizingMethod.KELLY_BETS: ("stop", "win_rate", "payoff"),
    SizingMethod.KELLY_RETURNS: ("mean", "variance"),
}


def size_check(request: SizeRequest) -> None:
    """Refuse numbers that do not go together.

    Raises:
        SizingInvalid: Says which, and what would be right.
    """
    method = SizingMethod(request.method)
    for name in _NEEDS[method]:
        if getattr(request, name) is None:
            msg = f"{method.value} needs {name}."
            raise SizingInvalid(msg, attr=name)
    if method is SizingMethod.VOLATILITY_TARGET and (request.volatility is None) == (
        request.series_id is None
    ):
        msg = "volatility_target needs either volatility or series_id, one of them."
        raise SizingInvalid(msg, attr="volatility")
    if request.account_id is None and request.equity is None:
        msg = "Name an account to take the equity of, or send equity."
        raise SizingInvalid(msg, attr="equity")
    if request.account_id is not None and not request.symbol:
        msg = "With an account, name the market by symbol."
        raise SizingInvalid(msg, attr="symbol")
    stop = request.stop
    if stop is None:
        return
    buys = request.side == "buy"
    if stop == request.entry or (stop > request.entry) == buys:
        where = "below" if buys else "above"
        msg = (
            f"The stop of a {request.side} lies {where} its entry of "
            f"{plain(request.entry)}; {plain(stop)} would not limit its loss."
        )
        raise SizingInvalid(msg, attr="stop")


def fraction_of(request: SizeRequest, notes: list[str]) -> Decimal:
    """Return the fraction of equity that is risked, wanted as deviation, or exposed."""
    method = SizingMethod(request.method)
    if method is SizingMethod.FIXED_FRACTION:
        return request.fraction or _ZERO
    if method is SizingMethod.VOLATILITY_TARGET:
        return request.target or _ZERO
    if method is SizingMethod.KELLY_BETS:
        full = kelly_of_bets(
            win_rate=request.win_rate or _ZERO, payoff=request.payoff or _ONE
        )
    else:
        full = kelly_of_returns(
            mean=request.mean or _ZERO, variance=request.variance or _ONE
        )
    if full <= 0:
        notes.append(
            f"Kelly's fraction is {full:.6f}: there is no edge, so nothing is traded."
        )
        return _ZERO
    wanted = WIDE.multiply(full, request.share)
    notes.append(
        f"Kelly's fraction is {full:.6f}; {plain(request.share)} of it is taken."
    )
    if wanted > request.cap:
        notes.append(f"It is capped at {plain(request.cap)} of equity.")
    return min(wanted, request.cap)


def quantity_of(
    request: SizeRequest,
    equity: Decimal,
    fraction: Decimal,
    volatility: Decimal | None,
) -> Decimal:
    """Return what the rule gives, base units, not on any grid.

    Args:
        request: What to size.
        equity: Quote units.
        fraction: As `fraction_of` gives it.
        volatility: A year, where the rule uses one.
    """
    method = SizingMethod(request.method)
    if method is SizingMethod.VOLATILITY_TARGET:
        return volatility_target(
            equity=equity,
            target=fraction,
            volatility=volatility or _ONE,
            price=request.entry,
        )
    if method is SizingMethod.KELLY_RETURNS:
        return WIDE.divide(WIDE.multiply(equity, fraction), request.entry)
    return fixed_fraction(
        equity=equity,
        fraction=fraction,
        entry=request.entry,
        stop=request.stop or _ZERO,
    )


def on_grid(
    unrounded: Decimal, grid: SizeGrid, entry: Decimal, notes: list[str]
) -> Decimal:
    """Return a quantity as the market takes it: on its step, or none below its least."""
    quantity = step_floor(unrounded, grid.step or _FINEST)
    small = grid.min_quantity is not None and quantity < grid.min_quantity
    poor = grid.min_notional is not None and (
        WIDE.multiply(quantity, entry) < grid.min_notional
    )
    if quantity and (small or poor):
        notes.append(
            f"{plain(quantity)} is less than the market takes; nothing can be traded."
        )
        return _ZERO
    if not quantity and unrounded > 0:
        notes.append("The rule gives less than one step of the market.")
    return quantity

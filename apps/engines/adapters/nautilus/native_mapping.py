"""From the fills of a native run, several to an order if need be, to trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apps.engines.adapters.nautilus.config import decimals_of
from apps.engines.contracts import ExitReason, Trades
from apps.engines.gaps import gaps_spanned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apps.engines.contracts import FloatArray, RunRequest

REASONS = tuple(ExitReason)


class Leg(NamedTuple):
    """One fill.

    Attributes:
        bar: In which it was.
        price: Quote per base.
        quantity: Base units.
        fee: Quote units.
        reason: Why it was sold; None for what was bought.
    """

    bar: int
    price: float
    quantity: float
    fee: float
    reason: ExitReason | None


@dataclass(slots=True)
class _Trade:
    bought: list[Leg] = field(default_factory=list)
    sold: list[Leg] = field(default_factory=list)

    def rest(self) -> float:
        return _size(self.bought) - _size(self.sold)


def trades_from_legs(request: RunRequest, legs: Iterable[Leg]) -> Trades:
    """Return fills as trades, each from flat to flat.

    What is open at the end is closed at the last close, for the books.

    Args:
        request: What was run.
        legs: In order of time.
    """
    # It keeps to the step's decimals, not to multiples of the step.
    least = 10.0 ** -decimals_of(request.market.quantity_step)
    found = [_Trade()]
    for leg in legs:
        (found[-1].bought if leg.reason is None else found[-1].sold).append(leg)
        if found[-1].rest() < least / 2:
            found.append(_Trade())
    last = found.pop()
    if last.bought:
        close, rest = float(request.bars.close[-1]), last.rest()
        fee = request.costs.fee_rate * rest * close
        end = len(request.bars) - 1
        last.sold.append(Leg(end, close, rest, fee, ExitReason.END_OF_DATA))
        found.append(last)
    return _columns(request, found)


def _columns(request: RunRequest, found: list[_Trade]) -> Trades:
    def floats(values: Iterable[float]) -> FloatArray:
        return np.array(list(values), dtype=np.float64)

    quantity = floats(_size(one.bought) for one in found)
    entry = floats(_mean(one.bought) for one in found)
    exit_ = floats(_mean(one.sold) for one in found)
    entry_fee = floats(sum(leg.fee for leg in one.bought) for one in found)
    exit_fee = floats(sum(leg.fee for leg in one.sold) for one in found)
    entry_bar = np.array([one.bought[0].bar for one in found], dtype=np.int64)
    exit_bar = np.array([one.sold[-1].bar for one in found], dtype=np.int64)
    reasons = [one.sold[-1].reason or ExitReason.SIGNAL for one in found]
    return Trades(
        entry_bar=entry_bar,
        exit_bar=exit_bar,
        side=np.ones(len(found), dtype=np.int8),
        quantity=quantity,
        entry_price=entry,
        exit_price=exit_,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
        profit=quantity * (exit_ - entry) - entry_fee - exit_fee,
        exit_reason=np.array([REASONS.index(one) for one in reasons], dtype=np.int8),
        gaps=gaps_spanned(request.bars, entry_bar, exit_bar),
    )


def _size(legs: list[Leg]) -> float:
    return sum(leg.quantity for leg in legs)


def _mean(legs: list[Leg]) -> float:
    if len(legs) == 1:
        return legs[0].price
    return sum(leg.price * leg.quantity for leg in legs) / _size(legs)

"""Figures as text: commas, a true minus sign, no more digits than they are worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apps.measures.catalogue import CATALOGUE
from apps.measures.spec import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
UNITS = {spec.name: spec.unit for spec in CATALOGUE}
SIGNED = {
    *("net_profit", "total_return", "buy_and_hold_return", "cagr"),
    *("expectancy", "average_win", "average_loss", "best_trade", "worst_trade"),
}
# Cents are noise beside so many units; whole units are noise beside so many more.
CENTS_UNTIL, PLAIN_UNTIL, SMALLEST_PLAIN = 1e6, 1e12, 1e-6
PERCENTS_UNTIL = 100.0


def fixed(value: float, decimals: int, *, signed: bool = False) -> str:
    """Write a number with commas and so many decimals; zero has no sign."""
    text = f"{abs(value):,.{decimals}f}"
    if not any(digit in "123456789" for digit in text):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def money(value: float | None, *, signed: bool = False) -> str:
    """Write an amount of the quote currency; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size == 0 or 1 <= size < CENTS_UNTIL:
        return fixed(value, 2, signed=signed)
    if CENTS_UNTIL <= size < PLAIN_UNTIL:
        return fixed(value, 0, signed=signed)
    if SMALLEST_PLAIN <= size < 1:
        return fixed(value, 3 - math.floor(math.log10(size)), signed=signed)
    return ("+" if signed and value > 0 else "") + _short(value, 4)


def percent(value: float | None, *, signed: bool = False) -> str:
    """Write a fraction as per cent, two decimals; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    decimals = 2 if abs(value) < PERCENTS_UNTIL else 0
    return fixed(100 * value, decimals, signed=signed) + "%"


def share(part: int, whole: int) -> str:
    """Write a share so that 100% means all and 0% none, never nearly so."""
    if whole == 0:
        return NONE
    if part in {0, whole}:
        return "100%" if part else "0%"
    tenths = min(max(round(1000 * part / whole), 1), 999)
    return f"{tenths / 10:.1f}%"


def plain(value: float | None, *, digits: int = 10) -> str:
    """Write a price or a quantity as it is, with commas; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    if size != 0 and not SMALLEST_PLAIN / 100 <= size < PLAIN_UNTIL:
        return _short(value, digits)
    whole = len(str(int(size))) if size >= 1 else 0
    text = fixed(value, max(digits - whole, 0))
    return text.rstrip("0").rstrip(".") if "." in text else text


def measure(name: str, value: float | None) -> str:
    """Write a measure of the catalogue in its own unit."""
    if value is None or not math.isfinite(value):
        return NONE
    signed = name in SIGNED
    match UNITS.get(name):
        case MetricUnit.FRACTION | MetricUnit.FRACTION_PER_YEAR:
            return percent(value, signed=signed)
        case MetricUnit.QUOTE:
            return money(value, signed=signed)
        case MetricUnit.BARS | MetricUnit.COUNT:
            return fixed(value, 0)
        case MetricUnit.DAYS:
            return fixed(value, 1)
        case _:
            return fixed(value, 2) if abs(value) < CENTS_UNTIL else _short(value, 4)


def span_text(name: str, values: Sequence[float | None]) -> str:
    """Write what several engines say of one measure: one figure, or from where to where."""
    found = [value for value in values if value is not None and math.isfinite(value)]
    if not found:
        return NONE
    lowest, highest = measure(name, min(found)), measure(name, max(found))
    if lowest == highest:
        return lowest
    return f"{lowest} \N{HORIZONTAL ELLIPSIS} {highest}"


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("-", MINUS)

"""The pieces that catalogue entries are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.indicators.contracts import (
    SINGLE_OUTPUT,
    IndicatorSpec,
    Output,
    Parameter,
    Scaling,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.indicators.contracts import Category

    type Warmup = Callable[[Mapping[str, float]], int]

PERIOD_MAXIMUM = 5_000
"""Bars. Over three days of minutes, or thirteen years of days: beyond any use known."""

SLOW_PERIOD_MAXIMUM = 500
"""Bars, for the few indicators that visit the whole window again at each bar."""

BARS_PER_YEAR_MAXIMUM = 366 * 24 * 60 * 60
"""One bar each second, in a leap year."""


def period(
    default: int,
    *,
    minimum: int = 2,
    maximum: int = PERIOD_MAXIMUM,
    name: str = "period",
    description: str = "Length of the window, in bars.",
) -> Parameter:
    """Return a parameter that counts bars."""
    return Parameter(name, "int", default, minimum, maximum, description)


def number(
    name: str, default: float, minimum: float, maximum: float, description: str
) -> Parameter:
    """Return a parameter that is not a count."""
    return Parameter(name, "float", default, minimum, maximum, description)


def bars_per_year() -> Parameter:
    """Return the parameter that annualises a volatility."""
    return number(
        "bars_per_year",
        365.0,
        1.0,
        float(BARS_PER_YEAR_MAXIMUM),
        "Bars in one year, to annualise: 365 for daily bars of a market that never "
        "closes, 8760 for hourly ones.",
    )


def single(description: str, scaling: Scaling) -> tuple[Output, ...]:
    """Return the outputs of an indicator that has only one."""
    return (Output(SINGLE_OUTPUT, description, scaling),)


def price(name: str, description: str) -> Output:
    """Return an output in units of price."""
    return Output(name, description, Scaling.PRICE)


def ratio(name: str, description: str) -> Output:
    """Return an output that has no unit."""
    return Output(name, description, Scaling.NONE)


def windows(**counts: int) -> Warmup:
    """Return a warm-up that is linear in the parameters.

    Args:
        counts: How often each parameter is waited for; `bars` is the constant part,
            so `windows(period=2, bars=-1)` is twice the period less one.
    """
    constant = counts.pop("bars", 0)

    def warmup(parameters: Mapping[str, float]) -> int:
        waited = sum(times * int(parameters[name]) for name, times in counts.items())
        return constant + waited

    return warmup


def fixed(bars: int) -> Warmup:
    """Return a warm-up that no parameter changes."""

    def warmup(_: Mapping[str, float]) -> int:
        return bars

    return warmup


def indicator(
    name: str,
    title: str,
    category: Category,
    function: str,
    *,
    inputs: tuple[str, ...],
    outputs: tuple[Output, ...],
    warmup: Warmup,
    source: str,
    description: str,
    parameters: tuple[Parameter, ...] = (),
    increasing: tuple[str, ...] = (),
) -> IndicatorSpec:
    """Return a catalogue entry; `function` is relative to `apps.indicators.functions`."""
    return IndicatorSpec(
        name=name,
        title=title,
        category=category,
        inputs=inputs,
        parameters=parameters,
        outputs=outputs,
        warmup=warmup,
        source=source,
        description=description,
        function=f"apps.indicators.functions.{function}",
        increasing=increasing,
    )

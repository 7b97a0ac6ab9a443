"""The shape of a strategy definition; the API's schema is made from these models.

Whether the parts fit together is the business of `definition_check`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.market.enums import Timeframe
from apps.strategies.definition.fields import (
    Amount,
    Number,
    NumberOrName,
    Rate,
    Share,
    StopFraction,
    TargetFraction,
    Text,
    Title,
)

PARAMETERS_MAXIMUM = 50
INDICATORS_MAXIMUM = 50


class _Shape(BaseModel):
    """What all parts share: nothing unknown is taken, nothing changes afterwards."""

    # Spaces are not stripped in general: two keys could silently become one.
    model_config = ConfigDict(extra="forbid", frozen=True)


class StrategyParameter(_Shape):
    """A number that a run or a sweep may choose within bounds."""

    default: Number = Field(
        description="Taken where a run says nothing. Within the bounds.", examples=[20]
    )
    minimum: Number = Field(
        description="The least value that a run may choose.", examples=[2]
    )
    maximum: Number = Field(
        description="The greatest value that a run may choose.", examples=[200]
    )
    description: Text = Field(
        default="",
        max_length=500,
        description="What the parameter does, for a person.",
        examples=["Length of the fast average, in bars."],
    )


class IndicatorUse(_Shape):
    """One indicator of the catalogue with its parameters, under a name of its own."""

    indicator: str = Field(
        max_length=100,
        description="Name of an indicator of the catalogue.",
        examples=["sma"],
    )
    parameters: dict[str, NumberOrName] = Field(
        default_factory=dict,
        max_length=PARAMETERS_MAXIMUM,
        description="The indicator's parameters: a number, or the name of a parameter "
        "of the strategy. What is missing takes the catalogue's default.",
        examples=[{"period": "fast"}],
    )
    input: str = Field(
        default="close",
        max_length=100,
        description="What an indicator of one free series reads: open, high, low, "
        "close, volume, or another indicator (`bands.upper` where that one has "
        "several outputs). Indicators that read fixed price columns take none.",
        examples=["close"],
    )


class SideRules(_Shape):
    """One rule for longs and one for shorts; null where there is none."""

    long: str | None = Field(
        default=None,
        description="A condition of the rule language for the long side.",
        examples=["crosses_above(fast_ma, slow_ma)"],
    )
    short: str | None = Field(
        default=None,
        description="A condition of the rule language for the short side.",
        examples=["crosses_below(fast_ma, slow_ma)"],
    )


class FixedQuoteSizing(_Shape):
    """Every entry trades the same amount of quote currency."""

    kind: Literal["fixed_quote"] = Field(
        description="Tells the kinds of sizing apart.", examples=["fixed_quote"]
    )
    amount: Amount = Field(
        description="Quote units that one entry trades.", examples=["1000"]
    )


class PercentOfEquitySizing(_Shape):
    """Every entry trades a part of what the account is worth."""

    kind: Literal["percent_of_equity"] = Field(
        description="Tells the kinds of sizing apart.", examples=["percent_of_equity"]
    )
    fraction: Share = Field(
        description="Part of the equity at the entry's open, above 0 and at most 1.",
        examples=["0.5"],
    )


class RiskPerTradeSizing(_Shape):
    """Every entry is as large as loses a given part of equity when its stop fills."""

    kind: Literal["risk_per_trade"] = Field(
        description="Tells the kinds of sizing apart.", examples=["risk_per_trade"]
    )
    fraction: Share = Field(
        description="Part of the equity that is lost when the stop fills at its "
        "price, above 0 and at most 1. Needs `stop_loss`.",
        examples=["0.01"],
    )


Sizing = Annotated[
    FixedQuoteSizing | PercentOfEquitySizing | RiskPerTradeSizing,
    Field(discriminator="kind"),
]


class StrategyDefinition(_Shape):
    """A whole strategy, as data."""

    name: Title = Field(
        description="What people call the strategy.", examples=["SMA cross"]
    )
    description: Text = Field(
        default="",
        max_length=5_000,
        description="What it does and why, for a person.",
        examples=["Follows the trend."],
    )
    timeframe: Timeframe = Field(
        description="The length of the bars on which it decides.", examples=["1h"]
    )
    parameters: dict[str, StrategyParameter] = Field(
        default_factory=dict,
        max_length=PARAMETERS_MAXIMUM,
        description="Numbers that a run may choose, by the name that rules and "
        "indicators use.",
        examples=[{"fast": {"default": 20, "minimum": 2, "maximum": 200}}],
    )
    indicators: dict[str, IndicatorUse] = Field(
        default_factory=dict,
        max_length=INDICATORS_MAXIMUM,
        description="Indicators by the name that rules use.",
        examples=[{"fast_ma": {"indicator": "sma", "parameters": {"period": "fast"}}}],
    )
    entry: SideRules = Field(
        description="When to enter; acted on at the next bar's open.",
        examples=[{"long": "crosses_above(fast_ma, slow_ma)", "short": None}],
    )
    exit: SideRules = Field(
        default_factory=SideRules,
        description="When to leave; acted on at the next bar's open.",
        examples=[{"long": "crosses_below(fast_ma, slow_ma)", "short": None}],
    )
    stop_loss: StopFraction | None = Field(
        default=None,
        description="Loss that ends a trade, as a fraction of the entry price, "
        "above 0 and below 1; null for none.",
        examples=["0.05"],
    )
    take_profit: TargetFraction | None = Field(
        default=None,
        description="Gain that ends a trade, as a fraction of the entry price, "
        "above 0; below 1 where the strategy enters shorts; null for none.",
        examples=["0.10"],
    )
    trailing_stop: StopFraction | None = Field(
        default=None,
        description="Distance of a stop that follows the price, as a fraction, above "
        "0 and below 1; it moves at the close of a bar; null for none.",
        examples=["0.03"],
    )
    sizing: Sizing = Field(
        description="How much one entry trades.",
        examples=[{"kind": "fixed_quote", "amount": "1000"}],
    )
    fees: Rate = Field(
        description="Fee of each fill, as a rate: 0.001 is 10 basis points.",
        examples=["0.001"],
    )
    slippage: Rate = Field(
        description="How far each fill is moved against the strategy, as a rate.",
        examples=["0.0005"],
    )
